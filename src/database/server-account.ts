/**
 * Who runs the embedded server, and how its programs are started.
 *
 * PostgreSQL refuses to run as root. Started by root, it runs as the owner of an existing data
 * folder, else as the account "nobody"; started by anybody else, as that user.
 */
import { spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';

/** "nobody" of Linux; a number, because a slim container has no such name. */
const NOBODY = 65534;

/** Null stands for the account of this process. */
export type ServerAccount = { readonly uid: number; readonly gid: number } | null;

/** @param dataFolder need not exist */
export async function accountFor(dataFolder: string): Promise<ServerAccount> {
  if (process.getuid?.() !== 0) return null;
  const owner = await stat(dataFolder).catch(() => null);
  return owner !== null && owner.uid !== 0
    ? { uid: owner.uid, gid: owner.gid }
    : { uid: NOBODY, gid: NOBODY };
}

export interface CommandResult {
  /** Null when the command could not be started or was ended by a signal. */
  readonly exitCode: number | null;
  /** Standard output and standard error, in the order in which they came. */
  readonly output: string;
}

/**
 * Runs a command to its end as the server's account.
 *
 * It gets a session of its own, so that Ctrl-C, which the terminal sends to our whole group, does
 * not reach it; a bare environment, so that no PGDATA or PGPORT of the user leads it astray; and
 * the root folder to work in, because the account may not be able to enter ours.
 */
export function runAs(
  account: ServerAccount,
  command: string,
  args: readonly string[],
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const chunks: string[] = [];
    const child = spawn(command, args, {
      detached: true,
      cwd: '/',
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(account ?? {}),
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (chunk: string) => chunks.push(chunk));
    }
    child.on('error', (error) => resolve({ exitCode: null, output: error.message }));
    child.on('close', (exitCode) => resolve({ exitCode, output: chunks.join('') }));
  });
}

/** Whether the account can enter a folder: every parent must let it through. */
export async function canEnter(account: ServerAccount, folder: string): Promise<boolean> {
  const result = await runAs(account, '/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder]);
  return result.exitCode === 0;
}
