/**
 * The source that was chosen by name or by file: read, checked, and its references to secrets resolved.
 *
 *   a name   ./sources/NAME.yaml (.yml, .json), then the files that come with the program
 *   a file   as it is named: with a folder or an ending
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { noteText } from '../source/file/file-note.js';
import { loadSource } from '../source/file/load-source.js';
import { type Reference, referenceText, resolveSecrets } from '../source/file/secrets.js';
import type { SourcePlan } from '../source/plan.js';
import { nearestName } from '../source/resembling.js';
import type { ConfigFault } from './config.js';
import type { Environment } from './environment.js';

export interface ChosenSource {
  readonly type: 'chosen';
  /** Its references resolved: holds secrets. */
  readonly plan: SourcePlan;
  /** Streams to copy, in the order of the file. */
  readonly streams: readonly [string, ...string[]];
  readonly secrets: readonly string[];
  readonly warnings: readonly string[];
}

export type SourceChoice =
  | ChosenSource
  | { readonly type: 'faulty'; readonly faults: readonly ConfigFault[] };

export interface SourceWish {
  /** Name or file. */
  readonly source: string;
  /** Resources by name; none: all that the file selects. */
  readonly resources: readonly string[];
  readonly environment: Environment;
  /** Nothing is asked of the API: secrets may be missing. */
  readonly readsOnly: boolean;
  /** In place of the file's base URL; null: as it stands there. */
  readonly baseUrl: string | null;
}

const ENDINGS = ['.yaml', '.yml', '.json'];
const SHIPPED = fileURLToPath(new URL('../../../sources/', import.meta.url));
const FOLDERS = ['sources', SHIPPED];

export function chooseSource(wish: SourceWish): SourceChoice {
  const found = findFile(wish.source);
  if ('fault' in found) return faulty(found.fault);
  const { path, text } = found;
  const name = basename(path, extname(path));
  const loaded = loadSource(text, { fileName: path, name });
  const notesOf = (notes: typeof loaded.warnings): string[] =>
    notes.map((note) => noteText(path, note));
  if (loaded.type === 'faulty') {
    return faulty(`cannot be used:\n    ${notesOf(loaded.faults).join('\n    ')}`);
  }
  const based = wish.baseUrl === null ? loaded.plan : { ...loaded.plan, baseUrl: wish.baseUrl };
  const resolved = resolveSecrets(based, (reference) => lookUp(reference, wish));
  if (resolved.type === 'missing') return faulty(missingText(path, resolved.references));
  if (resolved.type === 'unusable') return faulty(`${path}: ${resolved.message}`);
  const chosen = chooseStreams(resolved.plan, wish.resources);
  if ('fault' in chosen) return faulty(chosen.fault);
  const { plan, secrets } = resolved;
  const warnings = notesOf(loaded.warnings);
  return { type: 'chosen', plan, streams: chosen.streams, secrets, warnings };
}

/** Names of the sources that a name finds, each once, with where they are. */
export function listSources(): { readonly name: string; readonly path: string }[] {
  const found = new Map<string, string>();
  for (const folder of FOLDERS) {
    for (const file of filesIn(folder)) {
      const name = basename(file, extname(file));
      if (!found.has(name)) found.set(name, join(folder, file));
    }
  }
  return [...found].map(([name, path]) => ({ name, path }));
}

type FoundFile = { readonly path: string; readonly text: string } | { readonly fault: string };

function findFile(source: string): FoundFile {
  const isFile = /[/\\]/.test(source) || ENDINGS.includes(extname(source).toLowerCase());
  const known = isFile ? undefined : listSources().find(({ name }) => name === source);
  const path = isFile ? source : known?.path;
  if (path === undefined) {
    const names = listSources().map(({ name }) => name);
    const near = nearestName(source, names);
    const meant =
      near === null ? '`datasync source list` names those that are there' : `did you mean ${near}?`;
    return {
      fault: `no source is named ${source} in ./sources or among the shipped ones: ${meant}`,
    };
  }
  try {
    return { path, text: readFileSync(path, 'utf8') };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return {
      fault: code === 'ENOENT' ? `there is no file ${path}` : `${path} cannot be read (${code})`,
    };
  }
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => ENDINGS.includes(extname(file)))
      .sort();
  } catch {
    return [];
  }
}

function lookUp(reference: Reference, { environment, readsOnly }: SourceWish): string | null {
  const value =
    reference.kind === 'variable' ? environment[reference.name] : readSecret(reference.path);
  return value ?? (readsOnly ? '' : null);
}

function readSecret(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function missingText(path: string, references: readonly Reference[]): string {
  const names = references.map(referenceText);
  return `${path} needs what is not set: ${names.join(', ')}. Set it in the environment or in .env`;
}

function chooseStreams(
  { streams }: SourcePlan,
  wanted: readonly string[],
): { readonly streams: readonly [string, ...string[]] } | { readonly fault: string } {
  const names = streams.map(({ name }) => name);
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    return { fault: `has no resource ${unknown}; it has ${names.join(', ')}` };
  }
  const [first, ...others] =
    wanted.length === 0 ? names : names.filter((name) => wanted.includes(name));
  return first === undefined ? { fault: 'selects no resource' } : { streams: [first, ...others] };
}

function faulty(message: string): SourceChoice {
  return { type: 'faulty', faults: [{ setting: 'SOURCE', message }] };
}
