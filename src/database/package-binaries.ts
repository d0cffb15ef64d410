/**
 * Makes the programs of the optional package usable where its installation left them unusable:
 * without links (install scripts off), or where the server's account cannot read them (a parent
 * with mode 0700, such as /root).
 */
import { randomBytes } from 'node:crypto';
import { chmod, cp, lstat, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { canEnter, type ServerAccount } from './server-account.js';

/** For root, where the temporary folder is itself closed to others. */
const STATE_FOLDER = '/var/lib/datasync-ingestion';

/**
 * Recreates the links that npm packages cannot hold, as the package's own install script does.
 * Does nothing where they stand or the folder cannot be written: whether the programs run is
 * found out afterwards.
 *
 * @param native the package's folder `native`, with its list `pg-symlinks.json`
 */
export async function recreateLinks(native: string): Promise<void> {
  const root = dirname(native);
  for (const { source, target } of await readLinks(native)) {
    const link = join(root, target);
    await symlink(relative(dirname(link), join(root, source)), link).catch(() => {});
  }
}

async function readLinks(native: string): Promise<{ source: string; target: string }[]> {
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  return JSON.parse(text) as { source: string; target: string }[];
}

/**
 * Copies the package's programs to where the account can read them, or finds an earlier copy.
 *
 * @returns the copy's folder; null where no place could be had
 */
export async function copyForAccount(
  native: string,
  account: ServerAccount,
): Promise<string | null> {
  const version = await packageVersion(native);
  const parents = account === null ? [tmpdir()] : [tmpdir(), STATE_FOLDER];
  for (const parent of parents) {
    const copy = join(parent, `datasync-postgres-${version}-${process.getuid?.() ?? 0}`);
    try {
      await mkdir(parent, { recursive: true, mode: 0o755 });
      if (!(await canEnter(account, parent))) continue;
      if (!(await isWhole(native, copy))) await makeCopy(native, copy);
      if (await isTrusted(copy)) return copy;
    } catch {
      // A full or read-only place: the next one may serve, and the caller reports when none does.
    }
  }
  return null;
}

async function packageVersion(native: string): Promise<string> {
  const manifest = await readFile(join(dirname(native), 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

/** A cleaner of temporary files may have taken some away. */
async function isWhole(native: string, copy: string): Promise<boolean> {
  const expected = await readdir(native, { recursive: true });
  const present = new Set(await readdir(copy, { recursive: true }).catch(() => []));
  const links = (await readLinks(native)).map(({ target }) => relative('native', target));
  return [...expected, ...links].every((name) => present.has(name));
}

/** Made aside and renamed, so that a second program never sees half a copy. */
async function makeCopy(native: string, copy: string): Promise<void> {
  const staging = join(dirname(copy), `.datasync-${randomBytes(6).toString('hex')}`);
  const stagedNative = join(staging, 'native');
  try {
    await mkdir(staging, { mode: 0o700 });
    await cp(native, stagedNative, { recursive: true, verbatimSymlinks: true });
    await recreateLinks(stagedNative);
    await openForReading(stagedNative);
    await rm(copy, { recursive: true, force: true });
    await rename(stagedNative, copy);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Files installed under a strict umask are readable by their owner alone. */
async function openForReading(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await chmod(path, 0o755);
    if (entry.isFile()) await chmod(path, path.includes('/bin/') ? 0o755 : 0o644);
  }
}

/** Anybody can put a folder of that name into the temporary folder; only our own is run. */
async function isTrusted(copy: string): Promise<boolean> {
  const found = await lstat(copy);
  return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
}
