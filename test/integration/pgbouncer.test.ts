/** A run through PgBouncer in session mode, as Debian ships it: no parameter is ignored, TLS is off. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { waitForDatabase } from '../../src/database/connect.js';
import { freePort } from '../support/free-port.js';
import { environmentFor, useEmptyTables, useSimulator } from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';

const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();

let bouncer: ChildProcess | null = null;
let address = '';

function hasBouncer(): boolean {
  try {
    execFileSync('pgbouncer', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

beforeEach(async (context) => {
  if (!hasBouncer()) return context.skip('pgbouncer is not installed');
  const url = new URL(database.connectionString);
  const port = await freePort();
  const settings = join(folder.path, 'pgbouncer.ini');
  const users = join(folder.path, 'users.txt');
  await writeFile(users, `"${url.username}" "${decodeURIComponent(url.password)}"\n`);
  await writeFile(
    settings,
    `[databases]
${url.pathname.slice(1)} = host=${url.hostname} port=${url.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = session
`,
  );
  await chmod(folder.path, 0o755);
  const isRoot = process.getuid?.() === 0;
  // Root is what it refuses to run as.
  bouncer = spawn('pgbouncer', [...(isRoot ? ['--user=nobody'] : []), settings], {
    stdio: 'ignore',
  });
  url.port = String(port);
  address = url.href;
  await waitForDatabase(address);
});
afterEach(async () => {
  if (bouncer === null) return;
  const ended = once(bouncer, 'exit');
  bouncer.kill('SIGKILL');
  await ended;
  bouncer = null;
});

test('a run is made, proven and exported', async () => {
  const simulator = await simulate({ events: 5_000 });
  const environment = environmentFor(simulator, { connectionString: address });
  const exit = await folder.run(['ingest', '--json'], environment);
  expect(exit.code, exit.stderr).toBe(0);
  expect((await folder.run(['verify'], environment)).code).toBe(0);
  expect((await folder.run(['export-ids'], environment)).code).toBe(0);
});

test('a parameter of the address that it refuses is told at once, and not waited for', async () => {
  const simulator = await simulate({ events: 1_000 });
  const connectionString = `${address}?options=-c%20work_mem%3D8MB`;
  const exit = await folder.run(['ingest'], environmentFor(simulator, { connectionString }));
  expect(exit.code).toBe(5);
  expect(exit.stderr).toContain('ignore_startup_parameters');
  expect(exit.stderr).not.toContain('database_awaited');
});
