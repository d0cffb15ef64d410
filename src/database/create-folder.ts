/** Makes the folder of the embedded server. */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { failedFileStep, failedStep } from './embedded-faults.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import { runAs, type ServerAccount } from './server-account.js';
import {
  give,
  includeSettings,
  OWNER_NAME,
  readMajorVersion,
  writeOwned,
  writePassword,
} from './server-folder.js';
import { isAlive } from './server-process.js';

/** Between the folder's name and the number of the process that makes it. */
const STAGING = '.new-';

/**
 * Makes an empty database in `folder`, whole or not at all: it is made aside and renamed, so that a
 * crash in between leaves nothing that looks like a database. When two programs do so at the same
 * time, the first rename wins and the other's work is thrown away.
 */
export async function createFolder(
  folder: string,
  binaries: PostgresBinaries,
  account: ServerAccount,
): Promise<void> {
  await sweep(folder);
  const staging = `${folder}${STAGING}${process.pid}-${randomBytes(4).toString('hex')}`;
  const passwordFile = `${staging}.password`;
  const doing = `make a database in ${folder}`;
  try {
    const password = randomBytes(24).toString('hex');
    await mkdir(staging, { mode: 0o700 });
    await give(staging, account);
    await writeOwned(passwordFile, `${password}\n`, account);
    const { exitCode, output } = await runAs(account, join(binaries.folder, 'initdb'), [
      `--pgdata=${staging}`,
      `--username=${OWNER_NAME}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      // The C locale of UTF-8 that depends on no library of the system exists from version 17 on.
      ...(binaries.majorVersion >= 17
        ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8']
        : []),
    ]);
    if (exitCode !== 0) throw failedStep(doing, output);
    await writePassword(staging, password, account);
    await includeSettings(staging);
    await rename(staging, folder);
  } catch (error) {
    const isMadeByAnother = (await readMajorVersion(folder).catch(() => null)) !== null;
    if (!isMadeByAnother) throw failedFileStep(doing, error);
  } finally {
    await rm(passwordFile, { force: true });
    await rm(staging, { recursive: true, force: true });
  }
}

/** Removes what a program that was killed in the middle has left. */
async function sweep(folder: string): Promise<void> {
  const prefix = `${basename(folder)}${STAGING}`;
  for (const name of await readdir(dirname(folder)).catch(() => [])) {
    if (!name.startsWith(prefix) || isAlive(Number.parseInt(name.slice(prefix.length), 10)))
      continue;
    await rm(join(dirname(folder), name), { recursive: true, force: true }).catch(() => {});
  }
}
