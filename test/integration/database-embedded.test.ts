/** The embedded server on a folder of its own: real programs, real signals. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { IngestionError } from '../../src/core/fault.js';
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
  stopEmbeddedPostgres,
} from '../../src/database/embedded.js';
import { copyForAccount } from '../../src/database/package-binaries.js';
import { findBinaries } from '../../src/database/postgres-binaries.js';
import { runAs } from '../../src/database/server-account.js';
import { findServer } from '../../src/database/server-process.js';

import { skipWithoutPostgres } from '../support/postgres.js';

const NOBODY = { uid: 65534, gid: 65534 };
const isRoot = process.getuid?.() === 0;
let parent: string;
let dataFolder: string;
let messages: string[];

skipWithoutPostgres();

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'datasync-embedded-'));
  await chmod(parent, 0o755);
  dataFolder = join(parent, 'data', 'postgres');
  messages = [];
});
afterEach(async () => {
  await stopEmbeddedPostgres(dataFolder);
  await rm(parent, { recursive: true, force: true });
});

const start = (): Promise<EmbeddedPostgres> =>
  startEmbeddedPostgres({ dataFolder, log: { info: (message) => messages.push(message) } });

async function query<Row extends pg.QueryResultRow>(
  { connectionString }: EmbeddedPostgres,
  text: string,
): Promise<Row[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

async function pidOf(folder: string): Promise<number> {
  const server = await findServer(folder);
  if (server === null) throw new Error('no server runs');
  return server.pid;
}

async function refusalOf(promise: Promise<unknown>): Promise<IngestionError> {
  const error = await promise.then(() => null).catch((thrown: unknown) => thrown);
  if (!(error instanceof IngestionError)) throw new Error(`not refused: ${String(error)}`);
  return error;
}

describe('startEmbeddedPostgres', () => {
  test('a new folder gets a durable database named ingestion that only loopback reaches', async () => {
    const server = await start();
    expect(server.isReattached).toBe(false);
    const [row] = await query(
      server,
      `SELECT current_database() AS name, current_setting('fsync') AS fsync,
         current_setting('synchronous_commit') AS commit,
         current_setting('listen_addresses') AS addresses,
         current_setting('shared_buffers') AS buffers,
         current_setting('server_encoding') AS encoding,
         current_setting('server_version') AS version`,
    );
    expect(row).toMatchObject({
      name: 'ingestion',
      fsync: 'on',
      commit: 'on',
      addresses: '127.0.0.1',
      buffers: '256MB',
      encoding: 'UTF8',
    });
    expect(String(row?.version)).toContain(server.version);
  });

  test('a second start attaches to the living server, and the rows are there', async () => {
    const first = await start();
    await query(first, 'CREATE TABLE kept AS SELECT 42 AS answer');
    const second = await start();
    expect(second.isReattached).toBe(true);
    expect(second.connectionString).toBe(first.connectionString);
    expect(await query(second, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  test('two starts at the same time end on one server', async () => {
    const [one, other] = await Promise.all([start(), start()]);
    expect(one.connectionString).toBe(other.connectionString);
    expect(await readdir(join(parent, 'data'))).toEqual(['postgres']);
  });

  test('a server that was killed is started again on the same port with what was committed', async () => {
    const first = await start();
    await query(first, 'CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n');
    const pid = await pidOf(dataFolder);
    process.kill(pid, 'SIGKILL');
    const second = await start();
    expect(await pidOf(dataFolder)).not.toBe(pid);
    expect(second.connectionString).toBe(first.connectionString);
    expect(await query(second, 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 1000 }]);
  });

  test('a stop ends the server, can be repeated, and a start comes back to the rows', async () => {
    const first = await start();
    await query(first, 'CREATE TABLE kept AS SELECT 1 AS n');
    await first.stop();
    await first.stop();
    expect(await findServer(dataFolder)).toBeNull();
    expect(await stopEmbeddedPostgres(dataFolder)).toBe(false);
    const second = await start();
    expect(second.isReattached).toBe(false);
    expect(await query(second, 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
    expect(await stopEmbeddedPostgres(dataFolder)).toBe(true);
  });

  test('a signal to the group of the program that started it does not reach the server', async () => {
    const script = join(parent, 'start.mjs');
    const module = new URL('../../src/database/embedded.js', import.meta.url).href;
    await writeFile(
      script,
      `import { startEmbeddedPostgres } from ${JSON.stringify(module)};
       await startEmbeddedPostgres({ dataFolder: ${JSON.stringify(dataFolder)}, log: { info() {} } });
       process.stdout.write('started');
       setInterval(() => {}, 1000);`,
    );
    const program = spawn(process.execPath, [script], { detached: true, stdio: 'pipe' });
    await once(program.stdout, 'data');
    const pid = await pidOf(dataFolder);
    process.kill(-Number(program.pid), 'SIGINT');
    await once(program, 'exit');
    expect((await start()).isReattached).toBe(true);
    expect(await pidOf(dataFolder)).toBe(pid);
  });

  test('the password is needed, and no message or printed line holds it', async () => {
    const server = await start();
    const url = new URL(server.connectionString);
    expect(url.password.length).toBeGreaterThanOrEqual(32);
    expect(messages.join('\n') + server.openCommand).not.toContain(url.password);
    url.password = 'wrong';
    const client = new pg.Client({ connectionString: url.href });
    await expect(client.connect()).rejects.toMatchObject({ code: '28P01' });
  });

  test('the printed line names a file from which libpq reads the password', async () => {
    const server = await start();
    const path = /^PGPASSFILE=(\S+) psql /.exec(server.openCommand)?.[1];
    const { username, password } = new URL(server.connectionString);
    expect(await readFile(String(path), 'utf8')).toBe(`*:*:*:${username}:${password}\n`);
  });

  test('a port that was taken meanwhile is given up for another', async () => {
    const first = await start();
    const { port } = new URL(first.connectionString);
    await first.stop();
    const squatter = createServer();
    squatter.listen(Number(port), '127.0.0.1');
    await once(squatter, 'listening');
    try {
      expect(new URL((await start()).connectionString).port).not.toBe(port);
    } finally {
      squatter.close();
    }
  });

  test('a pid file that names a process of another program is no obstacle', async () => {
    const first = await start();
    const pidFile = await readFile(join(dataFolder, 'postmaster.pid'), 'utf8');
    await first.stop();
    const stale = pidFile.replace(/^\d+/, String(process.pid));
    await writeFile(join(dataFolder, 'postmaster.pid'), stale);
    expect((await start()).isReattached).toBe(false);
  });

  test('a folder with other files is refused and left as it is', async () => {
    await mkdir(dataFolder, { recursive: true });
    await writeFile(join(dataFolder, 'thesis.txt'), 'precious');
    const { fault } = await refusalOf(start());
    expect(fault.code).toBe('DATABASE_REFUSED');
    expect(fault.message).toContain('not a PostgreSQL database');
    expect(await readdir(dataFolder)).toEqual(['thesis.txt']);
  });

  test('a folder of another major version is refused by its number', async () => {
    await (await start()).stop();
    await writeFile(join(dataFolder, 'PG_VERSION'), '9\n');
    const { fault } = await refusalOf(start());
    expect(fault.message).toMatch(/made by PostgreSQL 9, and this machine has \d+/);
    expect(fault.remedy).toContain('Install PostgreSQL 9');
  });

  test('a place that is no folder is refused with the way out', async () => {
    await writeFile(join(parent, 'data'), 'a file');
    const { fault } = await refusalOf(start());
    expect(fault.message).toContain(dataFolder);
    expect(fault.remedy).toContain('DATABASE_URL');
  });

  test('a folder without its password is refused, not overwritten', async () => {
    await (await start()).stop();
    await rm(join(dataFolder, 'pgpass'));
    expect((await refusalOf(start())).fault.message).toContain('password');
  });
});

describe.runIf(isRoot)('as root', () => {
  test('the server runs as an unprivileged account that owns its folder', async () => {
    await start();
    const status = await readFile(`/proc/${await pidOf(dataFolder)}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\s+65534\s+65534/m);
    expect(status).toMatch(/^Groups:\s*$/m);
  });

  test('a folder below a closed parent becomes a link to a place that the server can enter', async () => {
    await chmod(parent, 0o700);
    const server = await start();
    await query(server, 'CREATE TABLE kept AS SELECT 7 AS n');
    await server.stop();
    const again = await start();
    expect(await query(again, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
    const place = /PGPASSFILE=(\S+)\/pgpass/.exec(again.openCommand)?.[1];
    expect(place).toMatch(/^\/var\/lib\/datasync-ingestion\/postgres-/);
    expect(await stopEmbeddedPostgres(dataFolder)).toBe(true);
    await rm(String(place), { recursive: true });
  });

  test('programs that the account cannot read are copied to where it can, links and all', async () => {
    const closed = join(parent, 'closed');
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
    const { folder, origin } = await findBinaries(NOBODY, null, dataFolder);
    if (origin !== 'package') context.skip('the optional package is not installed');
    const closed = join(parent, 'closed');
    await mkdir(closed, { mode: 0o700 });
    await cp(dirname(folder), join(closed, 'native'), { recursive: true, verbatimSymlinks: true });
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
