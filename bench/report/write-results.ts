/** Writes the results of a bench: JSON for programs, one HTML page for people. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Section } from '../bench.js';
import { BenchError } from '../bench-error.js';
import type { Machine } from '../machine.js';
import type { BenchOptions } from '../options.js';
import type { Figures } from './compare.js';
import { htmlPage } from './html.js';

export interface BenchRecord {
  /** ISO 8601. */
  readonly startedAt: string;
  readonly command: string;
  readonly machine: Machine;
  readonly postgres: string | null;
  readonly warning: string | null;
  readonly options: BenchOptions;
  readonly sections: readonly Section[];
}

/** Machine, versions and command, in lines of at most about 80 characters. */
export function headLines({ startedAt, command, machine, postgres }: BenchRecord): string[] {
  const { cores, model, platform, memoryBytes, node, program, commit, loadAtStart } = machine;
  return [
    command,
    `${startedAt}, datasync ${program}${commit === null ? '' : ` at ${commit}`}`,
    `${cores} cores, ${model}, ${platform}, ${Math.round(memoryBytes / 1e9)} GB`,
    `Node ${node}, ${postgres === null ? 'no PostgreSQL used' : `PostgreSQL ${postgres}`}, load ${loadAtStart} at the start`,
  ];
}

/** @returns the paths of both files */
export async function writeResults(
  folder: string,
  record: BenchRecord,
): Promise<{ json: string; html: string }> {
  await mkdir(folder, { recursive: true });
  const name = record.startedAt.replace(/\.\d+Z$/, 'Z').replaceAll(':', '-');
  const paths = { json: join(folder, `${name}.json`), html: join(folder, `${name}.html`) };
  // The address of a database may hold a password.
  const options = { ...record.options, databaseUrl: record.options.databaseUrl && 'given' };
  await writeFile(paths.json, `${JSON.stringify({ ...record, options }, null, 1)}\n`);
  const head = { title: 'DataSync bench', lines: headLines(record), warning: record.warning };
  await writeFile(paths.html, htmlPage(head, record.sections));
  return paths;
}

const summary = z.object({
  count: z.number(),
  median: z.number(),
  min: z.number(),
  max: z.number(),
  mad: z.number(),
});
const earlierRecord = z.object({
  sections: z.array(z.object({ name: z.string(), figures: z.record(z.string(), summary) })),
});

/** The figures of a results file. @throws BenchError when it is none */
export async function readFigures(path: string): Promise<Figures> {
  try {
    const { sections } = earlierRecord.parse(JSON.parse(await readFile(path, 'utf8')));
    return figuresOf(sections);
  } catch (error) {
    throw new BenchError(`${path} is no results file of the bench`, { cause: error });
  }
}

export function figuresOf(
  sections: readonly { readonly name: string; readonly figures: Figures[string] }[],
): Figures {
  return Object.fromEntries(sections.map(({ name, figures }) => [name, figures]));
}
