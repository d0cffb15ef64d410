/**
 * The embedded server as a process: whether one runs in a folder, how it is started and stopped.
 *
 * The server is no child of ours and outlives us, so all that is known of it comes from its
 * `postmaster.pid`, whose lines are: process, folder, start time, port, socket folder, address,
 * shared memory, state.
 */
import { existsSync } from 'node:fs';
import { open, readFile, stat, unlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { failedStep, stopTimedOut } from './embedded-faults.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import { runAs, type ServerAccount } from './server-account.js';
import { runsServerOf } from './server-command.js';
import { LOG_FILE, readLastPort, writeSettings } from './server-folder.js';

const POLL_MS = 50;
/** After a kill -9 its children hold the shared memory for about a second, and a start is refused. */
const START_RETRY_MS = 10_000;
/** A start after a crash replays the log first. */
const START_TIMEOUT_S = 120;
const STOP_TIMEOUT_MS = 60_000;

const REFUSED_FOR_NOW = /pre-existing shared memory block|lock file ".*" already exists/;
const PORT_TAKEN = /could not bind|Address already in use|could not create any TCP\/IP sockets/;

export interface ServerProcess {
  readonly pid: number;
  /** Null for an instant during its start. */
  readonly port: number | null;
}

/**
 * The living server of a folder; null when there is none.
 *
 * A `postmaster.pid` whose process is dead, or is by now another program (numbers are used again,
 * soon in a container), is stale. The server removes the first kind by itself and is stopped by the
 * second, so that one is removed here.
 */
export async function findServer(folder: string): Promise<ServerProcess | null> {
  const path = join(folder, 'postmaster.pid');
  const lines = (await readFile(path, 'utf8').catch(() => '')).split('\n');
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return null;
  if (!(await worksIn(pid, folder))) {
    await unlink(path).catch(() => {});
    return null;
  }
  return { pid, port: Number(lines[3]) || null };
}

/** Whether a process has that number; it may be any. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, as another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * A server's working folder is its data folder; a zombie has none. Where the system does not tell it
 * (macOS, or a process of another user) the command decides.
 */
async function worksIn(pid: number, folder: string): Promise<boolean> {
  if (!existsSync('/proc/self/cwd')) return runsServerOf(pid, folder);
  try {
    const [actual, expected] = await Promise.all([stat(`/proc/${pid}/cwd`), stat(folder)]);
    return actual.ino === expected.ino && actual.dev === expected.dev;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    return runsServerOf(pid, folder);
  }
}

/**
 * Starts the server and resolves once it accepts connections.
 *
 * @returns false when another program has started it in the meantime
 * @throws IngestionError with what the server's log says
 */
export async function startServer(
  folder: string,
  binaries: PostgresBinaries,
  account: ServerAccount,
): Promise<boolean> {
  const deadlineMs = performance.now() + START_RETRY_MS;
  let port = (await readLastPort(folder)) ?? 0;
  for (;;) {
    if ((await findServer(folder)) !== null) return false;
    port = await findFreePort(port);
    await writeSettings(folder, port, account);
    const said = await tryToStart(folder, binaries, account);
    if (said === null) return true;
    const isTaken = PORT_TAKEN.test(said);
    const mayPass = isTaken || REFUSED_FOR_NOW.test(said);
    if (!mayPass || performance.now() > deadlineMs)
      throw failedStep(`start PostgreSQL in ${folder}`, said);
    if (isTaken) port = 0;
    await delay(POLL_MS * 4);
  }
}

/** @returns null when it runs, else what it and its log said in this attempt */
async function tryToStart(
  folder: string,
  binaries: PostgresBinaries,
  account: ServerAccount,
): Promise<string | null> {
  const logPath = join(folder, LOG_FILE);
  const logStart = await stat(logPath).then(
    ({ size }) => size,
    () => 0,
  );
  const { exitCode, output } = await runAs(account, join(binaries.folder, 'pg_ctl'), [
    'start',
    '--silent',
    '--wait',
    `--timeout=${START_TIMEOUT_S}`,
    `--pgdata=${folder}`,
    `--log=${logPath}`,
  ]);
  return exitCode === 0 ? null : `${output}\n${await readFrom(logPath, logStart)}`;
}

async function readFrom(path: string, start: number): Promise<string> {
  const file = await open(path).catch(() => null);
  if (file === null) return '';
  const chunks: string[] = [];
  for await (const chunk of file.createReadStream({ start, encoding: 'utf8' })) {
    chunks.push(String(chunk));
  }
  return chunks.join('');
}

/** @param wanted taken when it is free; 0: any */
function findFreePort(wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => (wanted === 0 ? reject(error) : resolve(findFreePort(0))));
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/**
 * Stops the server of a folder as `pg_ctl stop --mode=fast` does: connections are cut, transactions
 * roll back, all is written to disk.
 *
 * @returns false when none ran
 */
export async function stopServer(folder: string): Promise<boolean> {
  const server = await findServer(folder);
  if (server === null) return false;
  process.kill(server.pid, 'SIGINT');
  const deadlineMs = performance.now() + STOP_TIMEOUT_MS;
  // Nothing announces the end of a process that is not our child.
  while ((await findServer(folder))?.pid === server.pid) {
    if (performance.now() > deadlineMs) throw stopTimedOut(server.pid, STOP_TIMEOUT_MS);
    await delay(POLL_MS);
  }
  return true;
}
