/** `datasync export-ids` over real runs: whole, ordered, in constant memory, never half a file. */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { exportRows } from '../../src/database/export/export-rows.js';
import { EVENTS_TABLE } from '../../src/postgres/stream-table.js';
import {
  environmentFor,
  type Simulation,
  useEmptyTables,
  useSimulator,
} from '../support/ingest-check.js';
import { type Exit, useIngestFolder } from '../support/ingest-process.js';

const EVENTS = 20_000;
const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();

async function ingested(...flags: string[]): Promise<Simulation> {
  const simulator = await simulate({ events: EVENTS });
  await folder.run(['ingest', '--json', ...flags], environmentFor(simulator, database));
  return simulator;
}

/** With the database alone: what is only looked at needs no key. */
function exportIds(...flags: string[]): Promise<Exit> {
  return folder.run(['export-ids', '--json', ...flags], {
    DATABASE_URL: database.connectionString,
  });
}

async function idsOfTable(order: string): Promise<string> {
  const { rows } = await database.pool.query<{ id: string }>(
    `SELECT id FROM ingested_events ORDER BY ${order}`,
  );
  return rows.map(({ id }) => `${id}\n`).join('');
}

function sha256(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('hex');
}

function read(name: string): Buffer {
  return readFileSync(join(folder.path, name));
}

describe('the ids of a finished run', () => {
  test('are all there, in the order of their bytes, with count and hash; no key is needed', async () => {
    const simulator = await ingested();
    const { code, result, stderr } = await exportIds();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const expected = await idsOfTable('id');
    expect(read('event_ids.txt').toString()).toBe(expected);
    expect(expected.split('\n').toSorted()).toEqual(['', ...expected.trimEnd().split('\n')]);
    expect(result).toMatchObject({
      ...{ rows: EVENTS, bytes: EVENTS * 37, sha256: sha256(expected), isPartial: false },
      ...{ run: 1, origins: [`${simulator.origin}/api/v1`], output: 'event_ids.txt' },
    });
  });

  test('go to standard output alone, and the result to standard error', async () => {
    await ingested();
    const { code, stdout, stderr } = await exportIds('--output', '-', '--order', 'ingested');
    expect(code).toBe(0);
    expect(stdout).toBe(await idsOfTable('ctid'));
    expect(JSON.parse(stderr)).toMatchObject({ rows: EVENTS, sha256: sha256(stdout) });
  });

  test('are compressed where that is asked for, and hashed before', async () => {
    await ingested();
    const { result } = await exportIds('--gzip');
    const text = gunzipSync(read('event_ids.txt.gz'));
    expect(text.toString()).toBe(await idsOfTable('id'));
    expect(result?.sha256).toBe(sha256(text));
  });
});

describe('whole rows', () => {
  test('are JSON a line, each with the record as it was sent', async () => {
    await ingested();
    await exportIds('--format', 'ndjson');
    const lines = read('events.ndjson').toString().trimEnd().split('\n');
    expect(lines).toHaveLength(EVENTS);
    const { rows } = await database.pool.query<{ id: string; ms: number; data: object }>(
      `SELECT id, (extract(epoch FROM occurred_at) * 1000)::float8 AS ms, data
       FROM ingested_events ORDER BY id LIMIT 500`,
    );
    for (const [index, { id, ms, data }] of rows.entries()) {
      const line = JSON.parse(lines[index] ?? '') as Record<string, unknown>;
      expect(line).toEqual({ id, occurred_at: new Date(ms).toISOString(), data });
    }
  });

  test('keep quotes, backslashes, line ends and a missing time in both forms', async () => {
    await ingested();
    const data = { text: 'a "quoted" \\ back\nslash, with a \t tab and ünïcode' };
    const id = '00000000-0000-4000-8000-000000000001';
    await database.pool.query('INSERT INTO ingested_events VALUES ($1, NULL, $2)', [id, data]);
    await exportIds('--format', 'ndjson');
    const [first = ''] = read('events.ndjson').toString().split('\n');
    expect(JSON.parse(first)).toEqual({ id, occurred_at: null, data });
    await exportIds('--format', 'csv');
    const [head, row] = read('events.csv').toString().split('\n');
    expect(head).toBe('id,occurred_at,data');
    expect(row).toBe(`${id},,"${JSON.stringify(data).replaceAll('"', '""').replace(':', ': ')}"`);
  });
});

describe('what is not whole', () => {
  test('a half-done run is refused with exit 3, and exported with --partial and a warning', async () => {
    await ingested('--max-events', '5000');
    const refused = await exportIds();
    expect(refused.code).toBe(3);
    expect(refused.stderr).toMatch(/Run 1 is paused, not complete/);
    expect(readdirSync(folder.path)).not.toContain('event_ids.txt');
    const partial = await exportIds('--partial');
    expect(partial.code).toBe(0);
    expect(partial.stderr).toMatch(/^Warning: Run 1 is paused, .*NOT all/);
    expect(partial.result).toMatchObject({ isPartial: true });
    expect(read('event_ids.partial.txt').toString()).toBe(await idsOfTable('id'));
    expect(readdirSync(folder.path)).not.toContain('event_ids.txt');
  });

  test('a run that is at work is to be waited for, and one that was killed to be gone on with', async () => {
    const simulator = await simulate({ eventsQuota: 3, eventsWindowMs: 60_000 });
    const running = folder.start(['ingest', '--json'], environmentFor(simulator, database));
    await running.untilLog('page_committed');
    expect((await exportIds()).stderr).toMatch(/Run 1 is running, not complete: wait for its end/);
    await running.kill();
    expect((await exportIds()).stderr).toMatch(/Run 1 is stopped, .*`datasync ingest` goes on/);
  });

  test('a table with fewer rows than the ledger says is refused, and the older file stays', async () => {
    await ingested();
    await exportIds();
    const older = read('event_ids.txt');
    await database.pool.query(
      'DELETE FROM ingested_events WHERE id = (SELECT min(id::text)::uuid FROM ingested_events)',
    );
    const { code, stderr } = await exportIds();
    expect(code).toBe(1);
    expect(stderr).toMatch(/19,999 rows and the ledger says 20,000: `datasync verify`/);
    expect(read('event_ids.txt').equals(older)).toBe(true);
    expect(readdirSync(folder.path).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  test('rows of two sources are told to be of two', async () => {
    await ingested();
    const other = await simulate({ events: 500, seed: 9 });
    const mixing = await folder.run(['ingest', '--json'], environmentFor(other, database));
    expect(mixing.stderr).toContain('"event":"table_shared"');
    const { result, stderr } = await exportIds();
    expect(result).toMatchObject({ rows: EVENTS + 500, run: 2 });
    expect(result?.origins).toHaveLength(2);
    expect(stderr).toMatch(/^Warning: 2 sources have written into the table/);
  });

  test('without a run there is nothing to export, and a folder that is not there is named', async () => {
    const none = await exportIds();
    expect([none.code, none.stderr]).toEqual([1, 'No run yet: `datasync ingest` begins one.\n']);
    await ingested();
    const { code, stderr } = await exportIds('--output', 'no/such/folder/ids.txt');
    expect(code).toBe(2);
    expect(stderr).toBe('The folder of no/such/folder/ids.txt does not exist.\n');
    const isFolder = await exportIds('--output', '.');
    expect([isFolder.code, isFolder.stderr]).toEqual([
      2,
      '. is a folder: --output takes the name of a file.\n',
    ]);
  });

  test('a pipe that has a name is written into, and a link stays one', async () => {
    await ingested();
    const [pipe, link] = ['pipe', 'link'].map((name) => join(folder.path, name));
    if (pipe === undefined || link === undefined) throw new Error('two names');
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
    const [piped, { code }] = await Promise.all([
      readFile(pipe, 'utf8'),
      exportIds('--output', 'pipe'),
    ]);
    expect(code).toBe(0);
    expect(piped).toBe(await idsOfTable('id'));
    expect(statSync(pipe).isFIFO()).toBe(true);
    writeFileSync(join(folder.path, 'target'), 'older');
    symlinkSync('target', link);
    await exportIds('--output', 'link');
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(read('target').toString()).toBe(piped);
  });

  test('an export that is interrupted leaves no half of a file', async () => {
    await ingested();
    const lock = await database.pool.connect();
    try {
      // The export waits for the lock, so that the signal surely comes before its end.
      await lock.query('BEGIN; LOCK TABLE ingested_events');
      const running = folder.start(['export-ids'], { DATABASE_URL: database.connectionString });
      await untilWaiting();
      running.signal('SIGINT');
      expect((await running.end()).code).toBe(130);
    } finally {
      await lock.query('ROLLBACK');
      lock.release();
    }
    expect(readdirSync(folder.path).filter((name) => name.startsWith('event_ids'))).toEqual([]);
  });
});

/** The lock's waiters are polled: nothing announces them. */
async function untilWaiting(): Promise<void> {
  const deadlineMs = performance.now() + 20_000;
  for (;;) {
    const { rowCount } = await database.pool.query(
      `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'COPY (SELECT "id"%'`,
    );
    if (rowCount !== 0) return;
    if (performance.now() > deadlineMs) throw new Error('the export does not come to the lock');
  }
}

describe('streaming', () => {
  test('holds the server back while the sink is full, and loses nothing of it', async () => {
    await database.pool.query(
      `INSERT INTO ingested_events
       SELECT gen_random_uuid(), now(), jsonb_build_object('text', repeat('x', 1000))
       FROM generate_series(1, 20000)`,
    );
    let bytes = 0;
    let unwritten = 0;
    let unwrittenMax = 0;
    const sink = {
      write(block: Buffer): Promise<void> {
        bytes += block.length;
        unwritten += block.length;
        unwrittenMax = Math.max(unwrittenMax, unwritten);
        return new Promise((resolve) => {
          setImmediate(() => {
            unwritten -= block.length;
            resolve();
          });
        });
      },
    };
    const settings = { table: EVENTS_TABLE, format: 'ndjson', order: 'ingested', sink } as const;
    expect(await exportRows(database.pool, settings)).toBe(20_000);
    expect(bytes).toBeGreaterThan(20_000_000);
    expect(unwrittenMax).toBeLessThan(1_000_000);
  });

  test('a sink that breaks is what the export fails with, and the pool stays usable', async () => {
    await database.pool.query(
      'INSERT INTO ingested_events SELECT gen_random_uuid(), now(), $1 FROM generate_series(1, 20000)',
      [{}],
    );
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC', syscall: 'write' });
    const sink = { write: () => Promise.reject(full) };
    const settings = { table: EVENTS_TABLE, format: 'ids', order: 'id', sink } as const;
    await expect(exportRows(database.pool, settings)).rejects.toBe(full);
    expect((await database.pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });
});

test('the help has an example, and a near miss of a flag is told', async () => {
  const help = await folder.run(['export-ids', '--help'], {});
  expect(help.stdout).toMatch(/Example:\n {2}datasync export-ids/);
  const miss = await folder.run(['export-ids', '--ouput', 'x'], {});
  expect(miss.code).toBe(2);
  expect(miss.stderr).toContain('(Did you mean --output?)');
  expect(existsSync(join(folder.path, 'x'))).toBe(false);
});
