/** The embedded server on a folder of its own: real programs, real signals. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { runsServerOf } from '../../src/database/server-command.js';
import { findServer } from '../../src/database/server-process.js';
import { pidOf, query, useEmbeddedFolder } from '../support/embedded-folder.js';
import { refusalOf } from '../support/refusal.js';
import { hasCommand } from '../support/repository.js';
import { stopEmbeddedPostgres } from '../support/stop-embedded.js';

const folder = useEmbeddedFolder();

describe('startEmbeddedPostgres', () => {
  test('a new folder gets a durable database named ingestion that only loopback reaches', async () => {
    const server = await folder.start();
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
    const first = await folder.start();
    await query(first, 'CREATE TABLE kept AS SELECT 42 AS answer');
    const second = await folder.start();
    expect(second.isReattached).toBe(true);
    expect(second.connectionString).toBe(first.connectionString);
    expect(await query(second, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  test('another name is another database of the same server, made when it is missing', async () => {
    await query(await folder.start(), 'CREATE TABLE real AS SELECT 1');
    const other = await folder.start('simulation');
    expect(other.isReattached).toBe(true);
    expect(other.openCommand).toMatch(/ simulation$/);
    expect(await query(other, `SELECT to_regclass('real') AS real`)).toEqual([{ real: null }]);
  });

  test('two starts at the same time end on one server', async () => {
    const [one, other] = await Promise.all([folder.start(), folder.start()]);
    expect(one.connectionString).toBe(other.connectionString);
    expect(await readdir(join(folder.parent, 'data'))).toEqual(['postgres']);
  });

  test('what a program left that was killed while it made the database is cleared away', async () => {
    const ended = spawn('true');
    await once(ended, 'exit');
    await mkdir(`${folder.dataFolder}.new-${ended.pid}-0a0a0a0a/base`, { recursive: true });
    await mkdir(`${folder.dataFolder}.new-${process.pid}-0b0b0b0b`);
    await folder.start();
    expect((await readdir(join(folder.parent, 'data'))).sort()).toEqual([
      'postgres',
      `postgres.new-${process.pid}-0b0b0b0b`,
    ]);
  });

  test('a server that was killed is started again on the same port with what was committed', async () => {
    const first = await folder.start();
    await query(first, 'CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n');
    const pid = await pidOf(folder.dataFolder);
    process.kill(pid, 'SIGKILL');
    const second = await folder.start();
    expect(await pidOf(folder.dataFolder)).not.toBe(pid);
    expect(second.connectionString).toBe(first.connectionString);
    expect(await query(second, 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 1000 }]);
  });

  test('a stop ends the server, can be repeated, and a start comes back to the rows', async () => {
    const first = await folder.start();
    await query(first, 'CREATE TABLE kept AS SELECT 1 AS n');
    await first.stop();
    await first.stop();
    expect(await findServer(folder.dataFolder)).toBeNull();
    expect(await stopEmbeddedPostgres(folder.dataFolder)).toBe(false);
    const second = await folder.start();
    expect(second.isReattached).toBe(false);
    expect(await query(second, 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
    expect(await stopEmbeddedPostgres(folder.dataFolder)).toBe(true);
  });

  test('a signal to the group of the program that started it does not reach the server', async () => {
    const script = join(folder.parent, 'start.mjs');
    const module = new URL('../../src/database/embedded.js', import.meta.url).href;
    await writeFile(
      script,
      `import { startEmbeddedPostgres } from ${JSON.stringify(module)};
       await startEmbeddedPostgres({ dataFolder: ${JSON.stringify(folder.dataFolder)}, log: { info() {} } });
       process.stdout.write('started');
       setInterval(() => {}, 1000);`,
    );
    const program = spawn(process.execPath, [script], { detached: true, stdio: 'pipe' });
    await once(program.stdout, 'data');
    const pid = await pidOf(folder.dataFolder);
    process.kill(-Number(program.pid), 'SIGINT');
    await once(program, 'exit');
    expect((await folder.start()).isReattached).toBe(true);
    expect(await pidOf(folder.dataFolder)).toBe(pid);
  });

  test('the password is needed, and no message or printed line holds it', async () => {
    const server = await folder.start();
    const url = new URL(server.connectionString);
    expect(url.password.length).toBeGreaterThanOrEqual(32);
    expect(folder.messages.join('\n') + server.openCommand).not.toContain(url.password);
    url.password = 'wrong';
    const client = new pg.Client({ connectionString: url.href });
    await expect(client.connect()).rejects.toMatchObject({ code: '28P01' });
  });

  test('the printed line names a file from which libpq reads the password', async () => {
    const server = await folder.start();
    const path = /^PGPASSFILE=(\S+) psql /.exec(server.openCommand)?.[1];
    const { username, password } = new URL(server.connectionString);
    expect(await readFile(String(path), 'utf8')).toBe(`*:*:*:${username}:${password}\n`);
  });

  test('a port that was taken meanwhile is given up for another', async () => {
    const first = await folder.start();
    const { port } = new URL(first.connectionString);
    await first.stop();
    const squatter = createServer();
    squatter.listen(Number(port), '127.0.0.1');
    await once(squatter, 'listening');
    try {
      expect(new URL((await folder.start()).connectionString).port).not.toBe(port);
    } finally {
      squatter.close();
    }
  });

  test('a pid file that names a process of another program is no obstacle', async () => {
    const first = await folder.start();
    const pidFile = await readFile(join(folder.dataFolder, 'postmaster.pid'), 'utf8');
    await first.stop();
    const stale = pidFile.replace(/^\d+/, String(process.pid));
    await writeFile(join(folder.dataFolder, 'postmaster.pid'), stale);
    expect((await folder.start()).isReattached).toBe(false);
  });

  test('a server is known by its command too, and nobody else is taken for it', async (context) => {
    if (!hasCommand('ps')) return context.skip('ps is not installed');
    await folder.start();
    const pid = await pidOf(folder.dataFolder);
    expect(await runsServerOf(pid, folder.dataFolder)).toBe(true);
    const sameFolder = join(folder.parent, 'link');
    await symlink(folder.dataFolder, sameFolder);
    expect(await runsServerOf(pid, sameFolder)).toBe(true);
    expect(await runsServerOf(pid, folder.parent)).toBe(false);
    expect(await runsServerOf(process.pid, folder.dataFolder)).toBe(false);
    const { stdout } = spawnSync('ps', ['-A', '-o', 'ppid=,pid='], { encoding: 'utf8' });
    const processes = stdout.split('\n').map((line) => line.trim().split(/ +/).map(Number));
    const child = processes.find(([parent]) => parent === pid)?.at(1);
    expect(await runsServerOf(Number(child), folder.dataFolder)).toBe(false);
  });

  test('a folder with other files is refused and left as it is', async () => {
    await mkdir(folder.dataFolder, { recursive: true });
    await writeFile(join(folder.dataFolder, 'thesis.txt'), 'precious');
    const { fault } = await refusalOf(folder.start());
    expect(fault.code).toBe('DATABASE_REFUSED');
    expect(fault.message).toContain('not a PostgreSQL database');
    expect(await readdir(folder.dataFolder)).toEqual(['thesis.txt']);
  });

  test('a folder of another major version is refused by its number', async () => {
    await (await folder.start()).stop();
    await writeFile(join(folder.dataFolder, 'PG_VERSION'), '9\n');
    const { fault } = await refusalOf(folder.start());
    expect(fault.message).toMatch(/made by PostgreSQL 9, and this machine has \d+/);
    expect(fault.remedy).toContain('Install PostgreSQL 9');
  });

  test('a place that is no folder is refused with the way out', async () => {
    await writeFile(join(folder.parent, 'data'), 'a file');
    const { fault } = await refusalOf(folder.start());
    expect(fault.message).toContain(folder.dataFolder);
    expect(fault.remedy).toContain('DATABASE_URL');
  });

  test('a folder without its password is refused, not overwritten', async () => {
    await (await folder.start()).stop();
    await rm(join(folder.dataFolder, 'pgpass'));
    expect((await refusalOf(folder.start())).fault.message).toContain('password');
  });
});
