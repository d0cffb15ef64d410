/** `datasync verify` over real runs: clean, half-done, hostile, behind opaque cursors, begun again. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { environmentFor, untilDisconnected } from '../support/ingest-check.js';
import { breaking } from '../support/ingest-process.js';
import { useVerifiedRuns } from '../support/verified-runs.js';

const {
  database,
  simulate,
  folder,
  ingest,
  verify,
  finishedRun,
  edit,
  expectProven,
  expectDifferences,
} = useVerifiedRuns();

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
    const report = readFileSync(join(folder.path, 'reports', '1.json'), 'utf8');
    expect(JSON.parse(report)).toMatchObject({ run: 1, verification: null });
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

  test('holds for hostile rows, those without a timestamp among them', async () => {
    const simulator = await finishedRun({
      hostileRows: 0.05,
      hostileKinds: 'missingTimestamp,noId,nulInString,secondsTimestamp',
    });
    const proof = await expectProven(simulator);
    expect(proof.quarantined).toBeGreaterThan(0);
    await edit(`DELETE FROM ingested_events WHERE id =
      (SELECT id FROM ingested_events WHERE occurred_at IS NULL LIMIT 1)`);
    expect(await expectDifferences(simulator)).toMatchObject([
      { kind: 'missing', message: expect.stringContaining('1 row missing') },
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
    const again = await ingest(simulator, '--restart');
    expect(again).toMatchObject({ code: 0, result: { status: 'complete', eventsIngested: 5_500 } });
    expect(again.result).toMatchObject({ inserted: 0, duplicate: 5_500 });
    expect(await expectProven(simulator)).toMatchObject({ run: 2, rows: 5_500, duplicate: 5_500 });
    expect(await expectProven(simulator, '--run', '1')).toMatchObject({ run: 1, rows: 5_500 });
  });

  test('holds for both origins of one table', async () => {
    const first = await finishedRun();
    const second = await finishedRun({ seed: 2, events: 3_300 });
    expect(await expectProven(first)).toMatchObject({ rows: 5_500, tableRows: 8_800 });
    expect(await expectProven(second)).toMatchObject({ rows: 3_300, tableRows: 8_800 });
    await edit(`DELETE FROM ingested_events WHERE id = (
      SELECT event.id FROM ingested_events AS event
      JOIN ingestion_pages AS owner ON owner.id = event.page WHERE owner.run = 2 LIMIT 1)`);
    await expectDifferences(second);
    await expectProven(first);
  });

  test('is refused where there is no run, or none of that number', async () => {
    const simulator = await simulate();
    expect(await verify(simulator)).toMatchObject({ code: 1, proof: { ok: false, run: null } });
    expect((await verify(simulator, '--run', '7')).code).toBe(1);
    expect((await verify(simulator, '--run', 'x')).code).toBe(2);
  });
});
