/** Opens where an export goes, and says in a person's words why it cannot be written. */
import { createWriteStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  type ExportSink,
  openFileSink,
  openStreamSink,
  type SinkSettings,
} from '../../database/export/export-sink.js';
import { UserError } from '../user-error.js';

export const STANDARD_OUTPUT = '-';
/** Where ids go unless another name is given. */
export const IDS_FILE = 'event_ids.txt';

/**
 * @param output name of a file, or `-`; a pipe or a device is written into and stays what it is
 * @throws UserError when it cannot be opened
 */
export async function openOutput(output: string, settings: SinkSettings): Promise<ExportSink> {
  if (output === STANDARD_OUTPUT) return openStreamSink(process.stdout, settings);
  if (await isFile(output)) return openOutputFile(output, settings);
  return openStreamSink(createWriteStream(output), settings);
}

/** The same for what must be a file, so that it can be read again. @throws UserError */
export async function openOutputFile(output: string, settings: SinkSettings): Promise<ExportSink> {
  if (!(await isFile(output))) {
    throw new UserError(`${output} is no file: --output takes the name of one.`, 'usage');
  }
  try {
    // What a link names is replaced, not the link.
    const path = await realpath(output).catch(() => resolve(output));
    return await openFileSink(path, settings);
  } catch (error) {
    throw outputFailure(error, output) ?? error;
  }
}

/** @returns whether it is one, or can become one @throws UserError when it is a folder */
async function isFile(output: string): Promise<boolean> {
  const found = await stat(output === '' ? '.' : output).catch(() => null);
  if (found?.isDirectory()) {
    const name = output === '' ? 'An empty name' : output;
    throw new UserError(`${name} is a folder: --output takes the name of a file.`, 'usage');
  }
  return found === null || found.isFile();
}

/** @returns null when the error is none of the file system's or the pipe's */
export function outputFailure(error: unknown, output: string): UserError | null {
  const { code, syscall } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new UserError(
        `The disk is full, and ${output} is not written: make room and start again.`,
      );
    case 'EPIPE':
      return new UserError('The reader of the output has gone before its end.');
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new UserError(`${output} may not be written here (${code}).`, 'usage');
    case 'ENOENT':
    case 'ENOTDIR':
      return new UserError(`The folder of ${output} does not exist.`, 'usage');
    default:
      return syscall === 'write' || syscall === 'rename' || syscall === 'fsync'
        ? new UserError(`${output} cannot be written (${code}).`)
        : null;
  }
}
