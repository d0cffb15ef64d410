/** The embedded server started by root, as it is in containers and on build machines. */
import { chmod, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { copyForAccount } from '../../src/database/package-binaries.js';
import { findBinaries } from '../../src/database/postgres-binaries.js';
import { runAs } from '../../src/database/server-account.js';
import { pidOf, query, useEmbeddedFolder } from '../support/embedded-folder.js';
import { stopEmbeddedPostgres } from '../support/stop-embedded.js';

const folder = useEmbeddedFolder();
const NOBODY = { uid: 65534, gid: 65534 };
const isRoot = process.getuid?.() === 0;

describe.runIf(isRoot)('as root', () => {
  test('the server runs as an unprivileged account that owns its folder', async () => {
    await folder.start();
    const status = await readFile(`/proc/${await pidOf(folder.dataFolder)}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\s+65534\s+65534/m);
    expect(status).toMatch(/^Groups:\s*$/m);
  });

  test('a folder below a closed parent becomes a link to a place that the server can enter', async () => {
    await chmod(folder.parent, 0o700);
    const server = await folder.start();
    await query(server, 'CREATE TABLE kept AS SELECT 7 AS n');
    await server.stop();
    const again = await folder.start();
    expect(await query(again, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
    const place = /PGPASSFILE=(\S+)\/pgpass/.exec(again.openCommand)?.[1];
    expect(place).toMatch(/^\/var\/lib\/datasync-ingestion\/postgres-/);
    expect(await stopEmbeddedPostgres(folder.dataFolder)).toBe(true);
    await rm(String(place), { recursive: true });
  });

  test('programs that the account cannot read are copied to where it can, links and all', async () => {
    const closed = join(folder.parent, 'closed');
    const native = join(closed, 'native');
    await mkdir(join(native, 'bin'), { recursive: true });
    await mkdir(join(native, 'lib'));
    await writeFile(join(closed, 'package.json'), `{"version":"0.0.0-test-${process.pid}"}`);
    await writeFile(
      join(native, 'bin', 'postgres'),
      '#!/bin/sh\ncat "$(dirname "$0")/../lib/link"\n',
    );
    await writeFile(join(native, 'lib', 'real'), 'through the link');
    await writeFile(
      join(native, 'pg-symlinks.json'),
      '[{"source":"native/lib/real","target":"native/lib/link"}]',
    );
    await chmod(join(native, 'lib', 'real'), 0o600);
    await chmod(closed, 0o700);
    const copy = await copyForAccount(native, NOBODY);
    try {
      const ran = await runAs(NOBODY, join(String(copy), 'bin', 'postgres'), []);
      expect(ran).toEqual({ exitCode: 0, output: 'through the link' });
      // A cleaner of temporary files took one away: the next look makes the copy whole again.
      await rm(join(String(copy), 'lib', 'real'));
      expect(await copyForAccount(native, NOBODY)).toBe(copy);
      expect(await readdir(join(String(copy), 'lib'))).toEqual(['link', 'real']);
      // A folder of that name that others can write is not run.
      await chmod(String(copy), 0o777);
      const elsewhere = await copyForAccount(native, NOBODY);
      expect(elsewhere).not.toBe(copy);
      await rm(String(elsewhere), { recursive: true });
    } finally {
      await rm(String(copy), { recursive: true, force: true });
    }
  });

  test('the real programs run from such a copy', async (context) => {
    const binaries = await findBinaries(NOBODY, null, folder.dataFolder);
    if (binaries.origin !== 'package') context.skip('the optional package is not installed');
    const closed = join(folder.parent, 'closed');
    await mkdir(closed, { mode: 0o700 });
    await cp(dirname(binaries.folder), join(closed, 'native'), {
      recursive: true,
      verbatimSymlinks: true,
    });
    await writeFile(join(closed, 'package.json'), `{"version":"0.0.0-real-${process.pid}"}`);
    const copy = String(await copyForAccount(join(closed, 'native'), NOBODY));
    try {
      const ran = await runAs(NOBODY, join(copy, 'bin', 'postgres'), ['--version']);
      expect(ran.output).toContain('(PostgreSQL)');
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  });
});
