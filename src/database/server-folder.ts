/**
 * The folder of the embedded server: where it lies, which settings and password it holds. How it
 * is made is create-folder's matter, what runs in it server-process's.
 *
 * Beside the files of PostgreSQL the folder holds three of ours:
 *   datasync.conf   settings and port, written anew at each start
 *   pgpass          the password in libpq's own form, mode 0600, so that psql can be pointed at it
 *   server.log      what the server says
 */
import { randomBytes } from 'node:crypto';
import {
  appendFile,
  chown,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rmdir,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { failedFileStep, noPassword, notADataFolder, notOurs } from './embedded-faults.js';
import { canEnter, type ServerAccount } from './server-account.js';

export const OWNER_NAME = 'ingestion';
const STATE_FOLDER = '/var/lib/datasync-ingestion';
const SETTINGS_FILE = 'datasync.conf';
const PASSWORD_FILE = 'pgpass';
export const LOG_FILE = 'server.log';

/**
 * fsync and synchronous_commit stay at their default, on: a commit that the ledger proves must
 * outlive a power cut. The rest keeps a bulk load from being slowed by checkpoints, by writing each
 * new file of the log twice, and by a vacuum in mid-load (docs/decisions/0008).
 */
const SETTINGS = [
  "listen_addresses = '127.0.0.1'",
  // Loopback only: the path of a socket is limited to about 100 bytes, which a folder can exceed.
  "unix_socket_directories = ''",
  'max_connections = 100',
  'shared_buffers = 256MB',
  'max_wal_size = 4GB',
  'checkpoint_timeout = 15min',
  'wal_buffers = 64MB',
  'wal_init_zero = off',
  'autovacuum_naptime = 10min',
  "timezone = 'UTC'",
  "log_timezone = 'UTC'",
];

/** The folder that `dataFolder` is, or links to. It need not exist. */
export async function resolveFolder(dataFolder: string): Promise<string> {
  const folder = resolve(dataFolder);
  const target = await readlink(folder).catch(() => null);
  return target === null ? folder : resolve(dirname(folder), target);
}

/**
 * Decides where the data lies: `dataFolder` itself, or what it links to. Makes its parents.
 *
 * Root's own folders are often closed to others (/root has mode 0700), and the server, which cannot
 * run as root, then could not enter its data. So there a new database gets a folder of its own
 * below /var/lib, and `dataFolder` becomes a link to it.
 */
export async function placeFolder(dataFolder: string, account: ServerAccount): Promise<string> {
  const folder = await resolveFolder(dataFolder);
  const parent = dirname(folder);
  if (account === null) {
    await mkdirFor(folder, parent);
    return folder;
  }
  if ((await readMajorVersion(folder)) !== null) return folder;
  await mkdirFor(folder, parent);
  if (await canEnter(account, parent)) return folder;
  const place = join(STATE_FOLDER, `${basename(folder)}-${randomBytes(4).toString('hex')}`);
  await mkdirFor(folder, STATE_FOLDER);
  try {
    await rmdir(folder).catch(() => {});
    await symlink(place, folder);
    return place;
  } catch (error) {
    // Another program has just made the link: its place is the one.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return resolveFolder(folder);
    throw failedFileStep(`link ${folder} to ${place}`, error);
  }
}

async function mkdirFor(folder: string, parent: string): Promise<void> {
  try {
    await mkdir(parent, { recursive: true });
  } catch (error) {
    throw failedFileStep(`make a folder for the database at ${folder}`, error);
  }
}

/** The major version that made the database there; null when the folder is missing or empty. */
export async function readMajorVersion(folder: string): Promise<number | null> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return null;
    if (code === 'EACCES') throw notOurs(folder);
    throw failedFileStep(`read ${folder}`, error);
  }
  if (names.length === 0) return null;
  if (!names.includes('PG_VERSION')) throw notADataFolder(folder);
  return Number(await readFile(join(folder, 'PG_VERSION'), 'utf8'));
}

/** Where libpq finds the password: for PGPASSFILE. */
export function passwordPath(folder: string): string {
  return join(folder, PASSWORD_FILE);
}

/** @throws IngestionError when the folder holds none */
export async function readPassword(folder: string): Promise<string> {
  const text = await readFile(passwordPath(folder), 'utf8').catch(() => '');
  const password = text.trim().split(':').at(-1);
  if (!password) throw noPassword(folder);
  return password;
}

/** The port of the last start, so that a line printed then stays true; null before the first. */
export async function readLastPort(folder: string): Promise<number | null> {
  const text = await readFile(join(folder, SETTINGS_FILE), 'utf8').catch(() => '');
  const port = /^port = (\d+)$/m.exec(text)?.[1];
  return port === undefined ? null : Number(port);
}

/** Whole or not at all: half of the settings could open the server to other machines. */
export async function writeSettings(
  folder: string,
  port: number,
  account: ServerAccount,
): Promise<void> {
  const path = join(folder, SETTINGS_FILE);
  const lines = ['# Written by datasync at each start.', `port = ${port}`, ...SETTINGS];
  try {
    await writeOwned(`${path}.new`, `${lines.join('\n')}\n`, account);
    await rename(`${path}.new`, path);
  } catch (error) {
    throw failedFileStep(`write the settings of the database in ${folder}`, error);
  }
}

/** The form is libpq's; `*` stands for any host, port and database. */
export function writePassword(
  folder: string,
  password: string,
  account: ServerAccount,
): Promise<void> {
  return writeOwned(passwordPath(folder), `*:*:*:${OWNER_NAME}:${password}\n`, account);
}

/** Makes postgresql.conf read our settings; without them the server must not start at all. */
export function includeSettings(folder: string): Promise<void> {
  return appendFile(join(folder, 'postgresql.conf'), `\ninclude '${SETTINGS_FILE}'\n`);
}

/** Readable by the server's account alone from its first byte on. */
export async function writeOwned(
  path: string,
  text: string,
  account: ServerAccount,
): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  await give(path, account);
}

export async function give(path: string, account: ServerAccount): Promise<void> {
  if (account !== null) await chown(path, account.uid, account.gid);
}
