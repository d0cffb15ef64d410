/** A copy of the compiled core with one line changed, for tests that have to notice it. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect } from 'vitest';
import { REPOSITORY } from './repository.js';

export interface CoreMutation {
  readonly name: string;
  /** In dist/src/core, without its ending; with its room where it is in another. */
  readonly file: string;
  /** Occurs once. */
  readonly text: string;
  readonly replacement: string;
}

/** What the copy holds: the core, the proof of its ledger, and what plays it. */
const PARTS = [
  ...['src/protocol', 'src/paging', 'src/core', 'src/postgres', 'src/database/verify'],
  ...['cursor-value', 'pass', 'stretch', 'timestamp'].map((name) => `src/source/${name}.js`),
  ...['choose-pass', 'next-watermark'].map((name) => `src/session/${name}.js`),
  ...['src/queue/job-id.js', 'test/support', 'bench/limiters'],
];

/** @returns imports a module of dist from a copy of its own; null: with nothing changed */
export function useMutatedCore(): <Module>(
  path: string,
  mutation: CoreMutation | null,
) => Promise<Module> {
  const folders: string[] = [];
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });
  return async (path, mutation) => {
    const folder = mkdtempSync(join(tmpdir(), 'datasync-mutation-'));
    folders.push(folder);
    for (const part of PARTS) copyCompiled(part, folder);
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    symlinkSync(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'));
    if (mutation !== null) change(join(folder, 'src/core', `${mutation.file}.js`), mutation);
    return import(pathToFileURL(join(folder, path)).href);
  };
}

function copyCompiled(part: string, folder: string): void {
  const from = join(REPOSITORY, 'dist', part);
  const isFile = part.endsWith('.js');
  const files = isFile ? [part] : readdirSync(from).map((name) => join(part, name));
  mkdirSync(join(folder, isFile ? dirname(part) : part), { recursive: true });
  for (const file of files.filter((name) => name.endsWith('.js'))) {
    const text = readFileSync(join(REPOSITORY, 'dist', file), 'utf8');
    // A map leads back to a source that is not changed.
    writeFileSync(join(folder, file), text.replace(/\n\/\/# sourceMappingURL=.*$/, ''));
  }
}

function change(path: string, { file, text, replacement }: CoreMutation): void {
  const parts = readFileSync(path, 'utf8').split(text);
  expect(parts, `${text} occurs once in ${file}`).toHaveLength(2);
  writeFileSync(path, parts.join(replacement));
}
