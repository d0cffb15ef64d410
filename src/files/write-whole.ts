/**
 * Writes a file whole or not at all: beside its place, then under its name.
 *
 * What is written beside it has a name that nobody can guess, and is made by this process or not at
 * all: in a folder that others may write to, a link put there beforehand would else be written through.
 */
import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';

/** Read and write for whom the system's mask lets: for what a user shows to others. */
const MODE_SHARED = 0o666;

/** Where a file is written before it has its name. Open it with `wx`, which follows no link. */
export function nameBeside(path: string): string {
  return `${path}.${randomUUID()}.part`;
}

/**
 * Its bytes are on the disk before its name is. What was there by that name is replaced, a link too.
 *
 * @throws the system's error, and leaves nothing behind
 */
export async function writeWhole(
  path: string,
  text: string,
  { mode = MODE_SHARED }: { readonly mode?: number } = {},
): Promise<void> {
  const beside = nameBeside(path);
  const file = await open(beside, 'wx', mode);
  try {
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
