/**
 * A source by name or file, as the loader of source files has it. The build has loaded those that come with
 * the program (scripts/build.mjs): as long as a file is the same, nothing need read YAML, which takes 20 ms.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { LoadedSource } from '../source/file/load-source.js';
import { findSourceFile, type SourceFile } from './source-files.js';

export interface ReadSource {
  readonly type: 'read';
  readonly file: SourceFile;
  readonly loaded: LoadedSource;
  /** Its text is that of the file that comes with the program. */
  readonly isAsShipped: boolean;
}

/** What the build keeps of a file. */
interface Compiled {
  readonly text: string;
  readonly loaded: LoadedSource;
}

const COMPILED_FOLDER = new URL('../../sources/', import.meta.url);

/** @param source name or file @returns why there is none, with what to do */
export async function readSource(
  source: string,
): Promise<ReadSource | { readonly type: 'none'; readonly message: string }> {
  const found = findSourceFile(source);
  if (found.type === 'none') return found;
  const { file, text } = found;
  const compiled = readCompiled(file.name);
  if (compiled?.text === text) {
    return { type: 'read', file, loaded: compiled.loaded, isAsShipped: true };
  }
  const { loadSource } = await import('../source/file/load-source.js');
  return { type: 'read', file, loaded: loadSource(text, file), isAsShipped: false };
}

/** Null: no file of that name comes with the program. */
function readCompiled(name: string): Compiled | null {
  try {
    const path = fileURLToPath(new URL(`${encodeURIComponent(name)}.json`, COMPILED_FOLDER));
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
