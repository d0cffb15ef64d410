/**
 * Whether a process is the PostgreSQL server of a folder, by its command: for a system, or an account,
 * that is not told the working folder of a process.
 */
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';

/** Before its options. No child of a server fits, for they are called `postgres: checkpointer`. */
const SERVER_PROGRAM = /(?:^|\/)(?:postgres|postmaster)(?: |$)/;
const PS_TIMEOUT_MS = 5_000;

/** Where it cannot be told the process is believed to be the server: a living one must not be lost. */
export async function runsServerOf(pid: number, folder: string): Promise<boolean> {
  const command = await commandOf(pid);
  if (command === null) return true;
  const [program = '', named] = command.split(/ -D (.*)/s);
  if (!SERVER_PROGRAM.test(program)) return false;
  if (named === undefined) return true;
  try {
    const [actual, expected] = await Promise.all([stat(named), stat(folder)]);
    return actual.ino === expected.ino && actual.dev === expected.dev;
  } catch {
    return true;
  }
}

/** @returns null when `ps` does not tell it, also because the process has just ended */
function commandOf(pid: number): Promise<string | null> {
  const flags = ['-ww', '-p', String(pid), '-o', 'command='];
  return new Promise((resolve) => {
    execFile('ps', flags, { timeout: PS_TIMEOUT_MS }, (error, stdout) => {
      resolve(error === null && stdout.trim() !== '' ? stdout.trim() : null);
    });
  });
}
