/**
 * Where source files are:
 *
 *   a name   ./sources/NAME.yaml (.yml, .json), then the files that come with the program
 *   a file   as it is named: with a folder or an ending
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SCHEMA_FILE } from '../source/file/schema-file.js';
import { nearestName } from '../source/resembling.js';

export interface SourceFile {
  /** Its base name, which is the source's. */
  readonly name: string;
  readonly path: string;
  /** Comes with the program. */
  readonly isShipped: boolean;
}

/** Without `--source` and SOURCE. */
export const DEFAULT_SOURCE = 'datasync';
/** The folder of the files of one's own. */
export const OWN_FOLDER = 'sources';
const ENDINGS = ['.yaml', '.yml', '.json'];
const SHIPPED_FOLDER = fileURLToPath(new URL('../../../sources/', import.meta.url));

/** The sources that a name finds, each once, by name. */
export function listSources(): readonly SourceFile[] {
  const found = new Map<string, SourceFile>();
  for (const folder of [OWN_FOLDER, SHIPPED_FOLDER]) {
    for (const file of filesIn(folder)) {
      const name = nameOfFile(file);
      if (found.has(name)) continue;
      found.set(name, { name, path: join(folder, file), isShipped: folder === SHIPPED_FOLDER });
    }
  }
  return [...found.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
}

export type FoundFile =
  | { readonly type: 'found'; readonly file: SourceFile; readonly text: string }
  /** The message says why, and what to do. */
  | { readonly type: 'none'; readonly message: string };

/** @param source name or file */
export function findSourceFile(source: string): FoundFile {
  const isFile = /[/\\]/.test(source) || ENDINGS.includes(extname(source).toLowerCase());
  const known = isFile
    ? { name: nameOfFile(source), path: source, isShipped: false }
    : listSources().find(({ name }) => name === source);
  return known === undefined
    ? { type: 'none', message: unknownText(source) }
    : readSourceFile(known);
}

export function readSourceFile(file: SourceFile): FoundFile {
  try {
    return { type: 'found', file, text: readFileSync(file.path, 'utf8') };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? `there is no file ${file.path}` : null;
    return { type: 'none', message: why ?? `${file.path} cannot be read (${code})` };
  }
}

function unknownText(source: string): string {
  const near = nearestName(
    source,
    listSources().map(({ name }) => name),
  );
  const meant =
    near === null ? '`datasync source list` names those that are there' : `did you mean ${near}?`;
  return `no source is named ${source} in ./sources or among the shipped ones: ${meant}`;
}

function nameOfFile(path: string): string {
  return basename(path, extname(path));
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => ENDINGS.includes(extname(file)) && file !== SCHEMA_FILE)
      .sort();
  } catch {
    return [];
  }
}
