/** The key and the database password appear nowhere, whatever fails and however much is logged. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { startFixtureServer } from '../support/fixture-server.js';
import { holdingCommits } from '../support/hold-commits.js';
import {
  API_KEY,
  environmentFor,
  expectExactly,
  useEmptyTables,
  useSimulator,
} from '../support/ingest-check.js';
import { type Exit, type IngestProcess, useIngestFolder } from '../support/ingest-process.js';

const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();

const PASSWORD = 'db_p4ssw0rd_e1';
const ROLE = 'datasync_secret_test';
const LOUD = { LOG_LEVEL: 'trace', MAX_RETRIES: '1', RETRY_PAUSE: '0.05', DATABASE_WAIT: '0.5' };

beforeAll(async () => {
  await database.pool.query(
    `DO $$ BEGIN
       IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${ROLE}') THEN
         CREATE ROLE ${ROLE} LOGIN SUPERUSER PASSWORD '${PASSWORD}';
       END IF;
     END $$`,
  );
});

/** The file's database, entered with a password of its own. */
function withPassword(change: (url: URL) => void = () => {}): { connectionString: string } {
  const url = new URL(database.connectionString);
  url.username = ROLE;
  url.password = PASSWORD;
  change(url);
  return { connectionString: url.href };
}

/** A file of passwords in the form of psql's, as private as it must be. @returns its path */
function passwordFile(name: string): string {
  const path = join(folder.path, name);
  const { port } = new URL(database.connectionString);
  // Not in the working folder, where node-postgres looks when it knows no home.
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `127.0.0.1:${port}:*:${ROLE}:${PASSWORD}\n`, { mode: 0o600 });
  return path;
}

/** What the process shows to every user of the machine. */
function titleOf({ pid }: IngestProcess): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/comm`, 'utf8');
}

/** All that the program left: output, files, rows of its tables. */
async function tracesOf(exit: Exit): Promise<string> {
  const texts = [exit.stdout, exit.stderr];
  for (const entry of readdirSync(folder.path, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) texts.push(readFileSync(join(entry.parentPath, entry.name), 'utf8'));
  }
  for (const table of ['runs', 'limits', 'segments', 'pages', 'quarantine']) {
    const { rows } = await database.pool.query<{ row: string }>(
      `SELECT t::text AS row FROM ingestion_${table} AS t`,
    );
    texts.push(...rows.map(({ row }) => row));
  }
  return texts.join('\n');
}

async function expectNoSecret(exit: Exit, ...secrets: readonly string[]): Promise<void> {
  const traces = await tracesOf(exit);
  for (const secret of secrets) expect(traces).not.toContain(secret);
}

describe('no secret is told by a run', () => {
  test('that completes, pauses for a signal, or shows its title', async () => {
    const simulator = await simulate({ latencyMs: 50, hostileRows: 0.001 });
    const environment = environmentFor(simulator, withPassword(), LOUD);
    const child = await holdingCommits(database, async (hold) => {
      const running = folder.start(['ingest', '--json'], environment);
      await running.untilLog('page_requested', { count: 2 });
      await hold();
      const title = titleOf(running);
      expect(title).toContain('ingest');
      for (const secret of [API_KEY, PASSWORD]) expect(title).not.toContain(secret);
      running.signal('SIGTERM');
      await running.untilLog('drain_started');
      return running;
    });
    const paused = await child.end();
    expect(paused.code).toBe(130);
    await expectNoSecret(paused, API_KEY, PASSWORD);

    const finished = await folder.run(['ingest'], environment);
    expect(finished.code, finished.stderr).toBe(0);
    await expectNoSecret(finished, API_KEY, PASSWORD);
    for (const command of ['status', 'doctor']) {
      const exit = await folder.run([command], environment);
      expect(exit.code, exit.stderr).toBe(0);
      await expectNoSecret(exit, API_KEY, PASSWORD);
    }
  });

  const outsideUrl: readonly [string, () => Record<string, string>][] = [
    ['PGPASSWORD', () => ({ PGPASSWORD: PASSWORD })],
    [
      'PGPASSWORD of .env, with PGUSER',
      () => {
        writeFileSync(join(folder.path, '.env'), `PGUSER=${ROLE}\nPGPASSWORD=${PASSWORD}\n`);
        return {};
      },
    ],
    ['PGPASSFILE', () => ({ PGPASSFILE: passwordFile('passwords') })],
    ['~/.pgpass', () => ({ HOME: dirname(passwordFile('home/.pgpass')) })],
  ];

  test.each(outsideUrl)(
    'whose database password is in %s alone: every thread has it',
    async (place, variables) => {
      const simulator = await simulate();
      const address = withPassword((url) => {
        url.password = '';
        if (place.includes('PGUSER')) url.username = '';
      });
      const environment = { ...environmentFor(simulator, address, LOUD), ...variables() };
      const exit = await folder.run(['ingest', '--json'], environment);
      expect(exit.code, exit.stderr).toBe(0);
      await expectExactly(database.pool, simulator.settings);
      for (const kept of ['.env', 'passwords', 'home']) {
        rmSync(join(folder.path, kept), { recursive: true, force: true });
      }
      await expectNoSecret(exit, API_KEY, PASSWORD);
      const refused = await folder.run(
        ['ingest', '--json'],
        environmentFor(simulator, address, LOUD),
      );
      expect(refused.code, refused.stderr).toBe(5);
      expect(refused.stderr).toMatch(/PGPASSWORD/);
    },
  );

  test('whose key is refused by an API that repeats it in body, headers and error code', async () => {
    const server = await startFixtureServer((request, response) => {
      const key = String(request.headers['x-api-key']);
      response.writeHead(401, { 'content-type': 'application/json', 'x-key': key });
      response.end(JSON.stringify({ error: key, message: `bad key ${key}`, code: `BAD_${key}` }));
    });
    try {
      const exit = await folder.run(
        ['ingest', '--json'],
        environmentFor({ baseUrl: `${server.origin}/api/v1` }, withPassword(), LOUD),
      );
      expect(exit.code).toBe(4);
      await expectNoSecret(exit, API_KEY, PASSWORD);
    } finally {
      await server.close();
    }
  });

  test('whose last error is shown while it goes on, and repeats the key', async () => {
    // An error code has no other letters, and what is no error code is not repeated.
    const key = 'OPEN_SESAME';
    const server = await startFixtureServer((_, response) => {
      response.writeHead(503, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: 'x', message: 'down', code: `DOWN_${key}` }));
    });
    try {
      const environment = environmentFor({ baseUrl: `${server.origin}/api/v1` }, withPassword(), {
        ...LOUD,
        ...{ TARGET_API_KEY: key, RETRY_PAUSE: '600' },
      });
      const child = folder.start(['ingest', '--json'], environment);
      await child.untilLog('page_paused');
      const shown = await folder.run(['status', '--json'], environment);
      expect(shown.result).toMatchObject({
        ...{ state: 'running', lastError: 'HTTP 503 DOWN_[secret]' },
      });
      const spoken = await folder.run(['status'], environment);
      expect(spoken.stdout).toMatch(/last error +HTTP 503/);
      child.signal('SIGTERM');
      await expectNoSecret(await child.end(), key, PASSWORD);
    } finally {
      await server.close();
    }
  });

  test('whose API is not there, or spoils its answers', async () => {
    const gone = environmentFor({ baseUrl: 'http://127.0.0.1:1/api/v1' }, withPassword(), LOUD);
    const unreachable = await folder.run(['ingest', '--json'], { ...gone, MAX_RETRIES: '0' });
    expect(unreachable.code).toBe(3);
    await expectNoSecret(unreachable, API_KEY, PASSWORD);

    const simulator = await simulate({ nonJsonBody: 1 });
    const spoilt = await folder.run(['ingest', '--json'], {
      ...environmentFor(simulator, withPassword(), LOUD),
      MAX_RETRIES: '0',
    });
    expect(spoilt.code).toBe(3);
    await expectNoSecret(spoilt, API_KEY, PASSWORD);
  });

  const broken: readonly [string, (url: URL) => void][] = [
    ['is out of reach', (url) => Object.assign(url, { port: '1' })],
    ['does not exist', (url) => Object.assign(url, { pathname: '/no_such_database' })],
    ['has a host that nobody knows', (url) => Object.assign(url, { hostname: 'nowhere.invalid' })],
    ['refuses the password', (url) => Object.assign(url, { username: 'nobody_here' })],
  ];

  test.each(broken)('whose database %s', async (_, change) => {
    const simulator = await simulate();
    const environment = environmentFor(simulator, withPassword(change), LOUD);
    for (const command of ['ingest', 'status', 'doctor']) {
      const exit = await folder.run([command, '--json'], environment);
      expect(exit.code).toBe(command === 'doctor' ? 1 : 5);
      await expectNoSecret(exit, API_KEY, PASSWORD);
    }
  });

  test('whose address of API or database carries credentials of its own', async () => {
    const exit = await folder.run(['ingest', '--json'], {
      ...environmentFor(
        { baseUrl: 'http://user:api_p4ss_22@127.0.0.1:1/api/v1' },
        withPassword(),
        LOUD,
      ),
      MAX_RETRIES: '0',
    });
    expect([2, 3]).toContain(exit.code);
    await expectNoSecret(exit, API_KEY, PASSWORD, 'api_p4ss_22');
  });

  test('control: the search finds what is there', async () => {
    const simulator = await simulate({ events: 10 });
    const exit = await folder.run(
      ['ingest', '--json'],
      environmentFor(simulator, withPassword(), LOUD),
    );
    const traces = await tracesOf(exit);
    expect(traces).toContain('page_committed');
    expect(traces).toContain('"eventsIngested": 10');
    expect(traces).toMatch(/\(1,datasync,/);
  });
});
