/** A database of version 0.1, whose run was half done, is brought here: nothing is lost, and all is said. */
import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPool } from '../../src/database/connect.js';
import { loadMigrations, migrateDatabase } from '../../src/database/migrate.js';
import type { Verification } from '../../src/database/verify/verify-types.js';
import { expectedRows } from '../../src/simulator/truth.js';
import { environmentFor, useSimulator } from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { usePostgres } from '../support/postgres.js';

const server = usePostgres();
const simulate = useSimulator();
const folder = useIngestFolder();

const EVENTS = 6_000;
const PAGE = 1_000;
/** Tests of another checkout may run on the same server. */
const DATABASE = `datasync_version_01_${process.pid}_${randomBytes(4).toString('hex')}`;

let old: { readonly pool: pg.Pool; readonly connectionString: string };

beforeAll(async () => {
  await server.pool.query(`CREATE DATABASE ${DATABASE}`);
  const url = new URL(server.connectionString);
  url.pathname = `/${DATABASE}`;
  old = {
    connectionString: url.href,
    pool: openPool(url.href, { max: 2, applicationName: 'datasync-old' }),
  };
});
afterAll(async () => {
  await old.pool.end();
  await server.pool.query(`DROP DATABASE ${DATABASE} WITH (FORCE)`);
});

/** The first pages of the simulator's events, as version 0.1 has left them when it was stopped. */
async function commitOldPages(origin: string, seed: number, pages: number): Promise<void> {
  const { ids, occurredAtMs } = expectedRows({
    ...{ events: EVENTS, seed, hostileRows: 0, hostileKinds: 'all' },
  });
  const idAt = (row: number): string => {
    const hex = Buffer.from(ids.subarray(row * 16, row * 16 + 16)).toString('hex');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  };
  const placeAt = (row: number): string => `${occurredAtMs[row]}/${idAt(row)}`;
  await old.pool.query(
    `INSERT INTO ingestion_runs (source, origin, status) VALUES ('datasync', $1, 'paused')`,
    [origin],
  );
  await old.pool.query(`INSERT INTO ingestion_segments VALUES (1, 1, NULL, NULL, 'open')`);
  for (let page = 0; page < pages; page++) {
    const rows = Array.from({ length: PAGE }, (_, row) => page * PAGE + row);
    await old.pool.query(
      `INSERT INTO ingested_events (id, occurred_at, data)
       SELECT id, to_timestamp(ms / 1000), '{}'
       FROM unnest($1::uuid[], $2::double precision[]) AS row (id, ms)`,
      [rows.map(idAt), rows.map((row) => occurredAtMs[row])],
    );
    await old.pool.query(
      `INSERT INTO ingestion_pages (run, segment, page, has_more, after_position, through_position,
         fetched_at, returned, inserted, duplicate, quarantined, covered, ids_digest, occurred_at_sum,
         bytes)
       VALUES (1, 1, $1, true, $2, $3, now(), 1000, 1000, 0, 0, 1000, 1, 1, 1)`,
      [page + 1, page === 0 ? null : placeAt(page * PAGE - 1), placeAt((page + 1) * PAGE - 1)],
    );
  }
}

test('a half-done run of version 0.1 goes on and completes, and verify says what it proves', async () => {
  await migrateDatabase(old.pool, loadMigrations().slice(0, 1));
  const simulator = await simulate({ events: EVENTS });
  await commitOldPages(simulator.baseUrl, 1, 2);
  const env = environmentFor(simulator, old);

  const ingested = await folder.run(['ingest', '--json'], env);
  expect(ingested.code, ingested.stderr).toBe(0);
  expect(ingested.result).toMatchObject({ run: 1, status: 'complete', eventsIngested: EVENTS });
  const { rows } = await old.pool.query(`SELECT count(*)::int AS rows,
    count(*) FILTER (WHERE page IS NULL)::int AS unowned FROM ingested_events`);
  expect(rows).toEqual([{ rows: EVENTS, unowned: 2 * PAGE }]);

  const verified = await folder.run(['verify', '--json'], env);
  const proof = verified.result as unknown as Verification;
  expect(proof).toMatchObject({
    ...{ ok: true, rows: EVENTS, tableRows: EVENTS, unownedPages: 2 },
    owners: { run: EVENTS - 2 * PAGE, nobody: 2 * PAGE, otherRuns: 0, unknown: 0 },
  });
  const told = await folder.run(['verify'], env);
  expect(told.stdout).toContain('2,000 rows were written before rows had owners');
  expect(told.stdout).toContain('2 pages of this run are of that time');
  expect((await folder.run(['export-ids', '--output', 'ids.txt'], env)).code).toBe(0);

  await old.pool.query(
    'DELETE FROM ingested_events WHERE id = (SELECT id FROM ingested_events WHERE page IS NULL LIMIT 1)',
  );
  const missed = await folder.run(['verify', '--json'], env);
  expect(missed.code).toBe(1);
  expect((missed.result as unknown as Verification).differences).toMatchObject([
    { kind: 'missing', where: 'rows without an owner' },
  ]);

  // A run over all of it finds the rows of both kinds, and writes what is missing.
  const again = await folder.run(['ingest', '--json', '--restart'], env);
  expect(again.result).toMatchObject({ run: 2, status: 'complete', eventsIngested: EVENTS });
  const proven = await folder.run(['verify', '--json'], env);
  expect(proven.result).toMatchObject({ ok: true, run: 2, rows: EVENTS, inserted: 1 });
});
