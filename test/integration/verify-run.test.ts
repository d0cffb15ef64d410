/**
 * `datasync verify` over real runs: clean, half-done, hostile, behind opaque cursors, begun again;
 * and over tables and ledgers that were edited by hand.
 */
import { describe, expect, test } from 'vitest';
import type { Difference, Verification } from '../../src/database/verify/verify-types.js';
import {
  environmentFor,
  type Simulation,
  untilDisconnected,
  useEmptyTables,
  useSimulator,
} from '../support/ingest-check.js';
import { breaking, type Exit, useIngestFolder } from '../support/ingest-process.js';

const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();

type Simulated = Parameters<typeof simulate>[0];

async function ingest(simulator: Simulation, ...flags: string[]): Promise<Exit> {
  return folder.run(['ingest', '--json', ...flags], {
    ...environmentFor(simulator, database),
    // Hostile rows are wanted here.
    QUARANTINE_LIMIT: '1',
  });
}

async function verify(
  simulator: Simulation,
  ...flags: string[]
): Promise<{ code: number | null; proof: Verification; stderr: string }> {
  const env = environmentFor(simulator, database, { LOG_LEVEL: 'warn' });
  const { code, result, stderr } = await folder.run(['verify', '--json', ...flags], env);
  return { code, proof: result as unknown as Verification, stderr };
}

/** A finished run of 5,500 events, 1,000 a page. */
async function finishedRun(changes: Simulated = {}): Promise<Simulation> {
  const simulator = await simulate({ events: 5_500, ...changes });
  const { code, stderr } = await ingest(simulator);
  expect(code, stderr).toBe(0);
  return simulator;
}

/** Edits the database as a superuser can. */
async function edit(sql: string): Promise<void> {
  const { rowCount } = await database.pool.query(sql);
  expect(rowCount, sql).toBeGreaterThan(0);
}

async function expectProven(simulator: Simulation, ...flags: string[]): Promise<Verification> {
  const { code, proof, stderr } = await verify(simulator, ...flags);
  expect({ differences: proof.differences, stderr }).toEqual({ differences: [], stderr: '' });
  expect({ code, ok: proof.ok }).toEqual({ code: 0, ok: true });
  return proof;
}

async function expectDifferences(simulator: Simulation): Promise<readonly Difference[]> {
  const { code, proof } = await verify(simulator);
  expect({ code, ok: proof.ok }).toEqual({ code: 1, ok: false });
  expect(proof.differences.length).toBeGreaterThan(0);
  return proof.differences;
}

describe('a proof', () => {
  test('of a run that failed before its first page is none', async () => {
    const simulator = await simulate({ events: 5_500 });
    const env = environmentFor(simulator, database, { TARGET_API_KEY: 'wrong' });
    expect((await folder.run(['ingest', '--json'], env)).code).toBe(4);
    const { code, result } = await folder.run(['verify', '--json'], env);
    expect(code).toBe(1);
    expect(result).toMatchObject({
      ...{ ok: false, status: 'failed', run: 1, exitCode: 1 },
      message: expect.stringMatching(/refused the key.*has committed no page/),
    });
  });

  test('holds for a finished run, and says what it saw', async () => {
    const simulator = await finishedRun();
    const proof = await expectProven(simulator);
    const { rows } = await database.pool.query<{ pages: number }>(
      'SELECT count(*)::int AS pages FROM ingestion_pages',
    );
    expect(proof).toMatchObject({
      ...{ run: 1, status: 'complete', rows: 5_500, tableRows: 5_500 },
      ...{ inserted: 5_500, quarantined: 0, stillToFetch: [] },
      pages: rows[0]?.pages,
      durationMs: expect.any(Number),
    });
  });

  test('is told in words without --json, and the differences line by line', async () => {
    const simulator = await finishedRun();
    const env = environmentFor(simulator, database, { LOG_LEVEL: 'warn' });
    const good = await folder.run(['verify'], env);
    expect(good.stdout).toMatch(/^Run 1 \(complete\): the proof holds/);
    expect(good.stdout).toContain('5,500 distinct ids');
    expect(good.stdout).not.toMatch(/mean|sum/);
    await edit(
      'DELETE FROM ingested_events WHERE id = (SELECT min(id::text)::uuid FROM ingested_events)',
    );
    const bad = await folder.run(['verify'], env);
    expect(bad.code).toBe(1);
    expect(bad.stdout).toMatch(/does NOT hold: 1 difference/);
    expect(bad.stdout).toMatch(/^ {2}segment \d+, page \d+: 1 row missing/m);
  });

  test('holds for a half-done run, with what is still to be fetched', async () => {
    const simulator = await simulate({ events: 20_000 });
    expect((await ingest(simulator, '--max-events', '5000')).code).toBe(3);
    const half = await expectProven(simulator);
    expect(half.rows).toBeLessThan(20_000);
    expect(half.stillToFetch.length).toBeGreaterThan(0);
    expect((await ingest(simulator)).code).toBe(0);
    expect(await expectProven(simulator)).toMatchObject({ rows: 20_000, stillToFetch: [] });
  });

  test('holds after a kill in the middle, and after the resume', async () => {
    const simulator = await simulate({ events: 20_000 });
    const environment = environmentFor(simulator, database);
    const flags = breaking('kill=in:committed:4');
    const { signal } = await folder.run(['ingest', '--json'], environment, flags);
    expect(signal).toBe('SIGKILL');
    await untilDisconnected(database.pool);
    expect((await expectProven(simulator)).status).toBe('running');
    expect((await ingest(simulator)).code).toBe(0);
    expect((await expectProven(simulator)).rows).toBe(20_000);
  });

  test('holds for hostile rows: those without a timestamp are known by id', async () => {
    const simulator = await finishedRun({
      hostileRows: 0.05,
      hostileKinds: 'missingTimestamp,noId,nulInString,secondsTimestamp',
    });
    const proof = await expectProven(simulator);
    expect(proof.quarantined).toBeGreaterThan(0);
    await edit(`DELETE FROM ingested_events WHERE id =
      (SELECT id FROM ingested_events WHERE occurred_at IS NULL LIMIT 1)`);
    expect(await expectDifferences(simulator)).toMatchObject([
      { kind: 'missing', message: expect.stringContaining('without occurred_at') },
    ]);
  });

  test('holds where pages begin with rows of the page before', async () => {
    const simulator = await finishedRun({
      duplicateRows: 0.5,
      hostileRows: 0.02,
      hostileKinds: 'missingTimestamp',
    });
    expect((await expectProven(simulator)).duplicate).toBeGreaterThan(0);
  });

  test('holds for a walk that was begun again behind opaque cursors', async () => {
    const simulator = await simulate({ events: 5_500, opaqueCursors: true });
    expect((await ingest(simulator, '--max-events', '3000')).code).toBe(3);
    await edit(`UPDATE ingestion_pages SET next_cursor_expires_at = now() - interval '1 hour'`);
    expect((await ingest(simulator)).code).toBe(0);
    const proof = await expectProven(simulator);
    expect(proof).toMatchObject({ rows: 5_500, inserted: 5_500 });
    expect(proof.duplicate).toBeGreaterThan(0);
  });

  test('holds for each run of a table that was filled twice', async () => {
    const simulator = await finishedRun();
    expect((await ingest(simulator, '--restart')).code).toBe(0);
    expect(await expectProven(simulator)).toMatchObject({ run: 2, rows: 5_500, duplicate: 5_500 });
    expect(await expectProven(simulator, '--run', '1')).toMatchObject({ run: 1, rows: 5_500 });
  });

  test('holds for both origins of one table', async () => {
    const first = await finishedRun();
    const second = await finishedRun({ seed: 2, events: 3_300 });
    expect(await expectProven(first)).toMatchObject({ rows: 5_500, tableRows: 8_800 });
    expect(await expectProven(second)).toMatchObject({ rows: 3_300, tableRows: 8_800 });
    await edit('DELETE FROM ingested_events WHERE id = (SELECT id FROM ingested_events LIMIT 1)');
    await expectDifferences(second);
  });

  test('is refused where there is no run, or none of that number', async () => {
    const simulator = await simulate();
    expect(await verify(simulator)).toMatchObject({ code: 1, proof: { ok: false, run: null } });
    expect((await verify(simulator, '--run', '7')).code).toBe(1);
    expect((await verify(simulator, '--run', 'x')).code).toBe(2);
  });
});

/** The row that is edited: neither the first of its page nor the last. */
const A_ROW =
  '(SELECT id FROM ingested_events ORDER BY occurred_at DESC, id DESC LIMIT 1 OFFSET 2500)';
/** A page in the middle. */
const A_PAGE = `(run, segment, page) = (SELECT run, segment, page FROM ingestion_pages
  WHERE after_position IS NOT NULL AND through_position IS NOT NULL AND covered > 2
  ORDER BY segment DESC, page LIMIT 1)`;

describe('an edit by hand is found', () => {
  test.each([
    ['a row deleted', `DELETE FROM ingested_events WHERE id = ${A_ROW}`, 'missing'],
    [
      'a row added',
      `INSERT INTO ingested_events SELECT gen_random_uuid(), occurred_at, data
       FROM ingested_events WHERE id = ${A_ROW}`,
      'added',
    ],
    [
      'an id changed',
      `UPDATE ingested_events SET id = gen_random_uuid() WHERE id = ${A_ROW}`,
      'changed',
    ],
    [
      'occurred_at changed by 1 ms',
      `UPDATE ingested_events SET occurred_at = occurred_at + interval '1 ms' WHERE id = ${A_ROW}`,
      'changed',
    ],
    [
      'occurred_at changed by 1 µs',
      `UPDATE ingested_events SET occurred_at = occurred_at + interval '1 microsecond' WHERE id = ${A_ROW}`,
      'changed',
    ],
    [
      'a covered count tampered with',
      `UPDATE ingestion_pages SET covered = covered - 1 WHERE ${A_PAGE}`,
      'ledger',
    ],
    [
      'a sum tampered with',
      `UPDATE ingestion_pages SET occurred_at_sum = occurred_at_sum + 0.5 WHERE ${A_PAGE}`,
      'ledger',
    ],
    [
      'a digest tampered with',
      `UPDATE ingestion_pages SET ids_digest = ids_digest # 1 WHERE ${A_PAGE}`,
      'changed',
    ],
    [
      'a position that is none',
      `UPDATE ingestion_pages SET through_position = 'nowhere' WHERE ${A_PAGE}`,
      'ledger',
    ],
  ])('%s', async (_, sql, kind) => {
    const simulator = await finishedRun();
    await edit(sql);
    const [difference] = (await expectDifferences(simulator)).filter((one) => one.kind === kind);
    expect(difference?.where).toMatch(/^segment \d+, page \d+$/);
    expect(difference).toMatchObject({ segment: expect.any(Number), page: expect.any(Number) });
  });

  test('counts that do not add up, where the constraint was dropped', async () => {
    const simulator = await finishedRun();
    const constraint = 'ingestion_pages_returned_check';
    const { rows } = await database.pool.query<{ name: string }>(
      `SELECT conname AS name FROM pg_constraint
       WHERE conrelid = 'ingestion_pages'::regclass AND contype = 'c'`,
    );
    for (const { name } of rows) {
      await database.pool.query(`ALTER TABLE ingestion_pages DROP CONSTRAINT ${name}`);
    }
    try {
      await edit(`UPDATE ingestion_pages SET returned = returned + 1 WHERE ${A_PAGE}`);
      const [difference] = await expectDifferences(simulator);
      expect(difference).toMatchObject({
        kind: 'ledger',
        message: expect.stringContaining('is not'),
      });
    } finally {
      await edit('UPDATE ingestion_pages SET returned = inserted + duplicate + quarantined');
      await database.pool.query(`ALTER TABLE ingestion_pages ADD CONSTRAINT ${constraint}
        CHECK (returned = inserted + duplicate + quarantined)`);
    }
    await expectProven(simulator);
  });

  test('a page removed from the ledger', async () => {
    const simulator = await finishedRun();
    await edit(`DELETE FROM ingestion_pages WHERE ${A_PAGE}`);
    const kinds = (await expectDifferences(simulator)).map(({ kind }) => kind);
    expect(kinds).toEqual(['chain', 'added']);
  });

  test('a record removed from the quarantine, and one added', async () => {
    const simulator = await finishedRun({ hostileRows: 0.02, hostileKinds: 'noId' });
    await edit(`DELETE FROM ingestion_quarantine WHERE ctid =
      (SELECT ctid FROM ingestion_quarantine LIMIT 1)`);
    expect(await expectDifferences(simulator)).toMatchObject([{ kind: 'quarantine' }]);
    await edit(`INSERT INTO ingestion_quarantine VALUES (1, 99, 1, 0, 'by hand', 'x')`);
    expect(await expectDifferences(simulator)).toHaveLength(2);
  });

  test('control: an edit of the data alone is not seen, for it is no part of the proof', async () => {
    const simulator = await finishedRun();
    await edit(`UPDATE ingested_events SET data = '{}' WHERE id = ${A_ROW}`);
    await expectProven(simulator);
  });
});
