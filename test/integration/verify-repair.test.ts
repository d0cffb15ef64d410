/** `datasync verify --repair`: what differs is fetched again, and nothing else is touched. */
import { describe, expect, test } from 'vitest';
import { acquireRunLock } from '../../src/database/run-lock.js';
import type { Verification } from '../../src/database/verify/verify-types.js';
import { environmentFor, expectExactly, type Simulation } from '../support/ingest-check.js';
import type { Exit } from '../support/ingest-process.js';
import { useVerifiedRuns } from '../support/verified-runs.js';

const { database, simulate, folder, ingest, verify, finishedRun, edit, expectProven } =
  useVerifiedRuns();

const A_ROW =
  '(SELECT id FROM ingested_events ORDER BY occurred_at DESC, id DESC LIMIT 1 OFFSET 2500)';
/** A row of each page. */
const ROW_OF_EACH = 'SELECT DISTINCT ON (page) id FROM ingested_events';
const DELETE_A_ROW = `DELETE FROM ingested_events WHERE id = ${A_ROW}`;

interface Repaired extends Verification {
  readonly message: string;
  readonly exitCode: number;
  readonly repair: {
    readonly released: { readonly pages: number; readonly rows: number };
    readonly ingestion: { readonly status: string; readonly requests: number };
  } | null;
}

async function repair(
  simulator: Simulation,
  {
    flags = [],
    changes = {},
  }: { flags?: readonly string[]; changes?: Record<string, string> } = {},
): Promise<Exit & { readonly proof: Repaired }> {
  const env = environmentFor(simulator, database, { LOG_LEVEL: 'warn', ...changes });
  const exit = await folder.run(['verify', '--repair', '--json', ...flags], env);
  return { ...exit, proof: exit.result as unknown as Repaired };
}

/** All that a repair may change. */
async function contents(): Promise<unknown> {
  const { rows } = await database.pool.query(
    `SELECT (SELECT json_agg(r ORDER BY r.run) FROM ingestion_runs AS r) AS runs,
       (SELECT json_agg(p ORDER BY p.run, p.segment, p.page) FROM ingestion_pages AS p) AS pages,
       (SELECT count(*)::int FROM ingestion_quarantine) AS quarantine,
       (SELECT count(*)::int FROM ingested_events) AS rows,
       (SELECT bit_xor(hash_record_extended(e, 0))::text FROM ingested_events AS e) AS digest`,
  );
  return rows[0];
}

describe('what differs is fetched again, and then the proof holds', () => {
  test.each([
    ['a row deleted', DELETE_A_ROW, 1],
    ['rows deleted of every page', `DELETE FROM ingested_events WHERE id IN (${ROW_OF_EACH})`, 6],
    ['an id changed', `UPDATE ingested_events SET id = gen_random_uuid() WHERE id = ${A_ROW}`, 1],
    [
      'occurred_at changed',
      `UPDATE ingested_events SET occurred_at = occurred_at + interval '1 ms' WHERE id = ${A_ROW}`,
      1,
    ],
    [
      'a row added to a page',
      `INSERT INTO ingested_events SELECT gen_random_uuid(), occurred_at, data, page
       FROM ingested_events WHERE id = ${A_ROW}`,
      1,
    ],
    [
      'a row given to another page',
      `UPDATE ingested_events SET page = (SELECT max(id) FROM ingestion_pages) WHERE id = ${A_ROW}`,
      2,
    ],
    [
      'a digest tampered with',
      'UPDATE ingestion_pages SET digest = digest # 1 WHERE id = (SELECT min(id) FROM ingestion_pages)',
      1,
    ],
  ])('%s', async (_, sql, pages) => {
    const simulator = await finishedRun();
    await edit(sql);
    const served = simulator.stats().pagesServed;
    const { code, proof, stderr } = await repair(simulator);
    expect({ code, ok: proof.ok, exitCode: proof.exitCode }, stderr).toEqual({
      ...{ code: 0, ok: true, exitCode: 0 },
    });
    expect(proof).toMatchObject({ status: 'complete', rows: 5_500, tableRows: 5_500 });
    expect(proof.repair).toMatchObject({ released: { pages }, ingestion: { status: 'complete' } });
    expect(simulator.stats().pagesServed - served, 'pages that were asked for').toBe(pages);
    await expectExactly(database.pool, simulator.settings);
    await expectProven(simulator);
  });

  test('a page that is gone with its rows', async () => {
    const simulator = await finishedRun();
    await edit('DELETE FROM ingested_events WHERE page = (SELECT max(id) FROM ingestion_pages)');
    await edit('DELETE FROM ingestion_pages WHERE id = (SELECT max(id) FROM ingestion_pages)');
    const { code, proof } = await repair(simulator);
    expect({ code, ok: proof.ok }).toEqual({ code: 0, ok: true });
    expect(proof.repair?.released).toEqual({ pages: 0, rows: 0 });
    await expectExactly(database.pool, simulator.settings);
  });

  test('data changed, whose digests a repair without PROVE_DATA keeps', async () => {
    const simulator = await simulate({ events: 5_500 });
    const env = environmentFor(simulator, database, { PROVE_DATA: 'yes' });
    expect((await folder.run(['ingest', '--json'], env)).code).toBe(0);
    await edit(`UPDATE ingested_events SET data = data || '{"x":1}' WHERE id = ${A_ROW}`);
    expect((await repair(simulator)).proof.repair).toBeNull();
    const { code, proof } = await repair(simulator, { flags: ['--data'] });
    expect({ code, ok: proof.ok }).toEqual({ code: 0, ok: true });
    expect(proof.dataPages).toBe(proof.pages);
    const { rows } = await database.pool.query(`SELECT FROM ingested_events WHERE data ? 'x'`);
    expect(rows).toEqual([]);
  });

  test('a record that the quarantine has lost', async () => {
    const simulator = await finishedRun({ hostileRows: 0.02, hostileKinds: 'noId' });
    await edit(
      'DELETE FROM ingestion_quarantine WHERE ctid = (SELECT min(ctid) FROM ingestion_quarantine)',
    );
    const changes = { QUARANTINE_LIMIT: '1' };
    const { code, proof } = await repair(simulator, { changes });
    expect({ code, ok: proof.ok }).toEqual({ code: 0, ok: true });
    await expectExactly(database.pool, simulator.settings);
  });

  test('behind opaque cursors that have died, by a walk that begins again', async () => {
    const simulator = await finishedRun({ opaqueCursors: true });
    await edit(DELETE_A_ROW);
    await edit(`UPDATE ingestion_pages SET next_cursor_expires_at = now() - interval '1 hour'`);
    const { code, proof } = await repair(simulator);
    expect({ code, ok: proof.ok }).toEqual({ code: 0, ok: true });
    expect(proof.repair?.released.pages).toBe(1);
    await expectExactly(database.pool, simulator.settings);
  });

  test('of a half-done run, which is completed for it', async () => {
    const simulator = await finishedRunOf(simulate({ events: 20_000 }), '--max-events', '5000');
    await edit(
      'DELETE FROM ingested_events WHERE id = (SELECT min(id::text)::uuid FROM ingested_events)',
    );
    const { code, proof } = await repair(simulator, { changes: { MAX_EVENTS: '1000' } });
    expect({ code, ok: proof.ok, status: proof.status }).toEqual({
      ...{ code: 0, ok: true, status: 'complete' },
    });
    await expectExactly(database.pool, simulator.settings);
  });
});

async function finishedRunOf(
  starting: Promise<Simulation>,
  ...flags: string[]
): Promise<Simulation> {
  const simulator = await starting;
  expect((await ingest(simulator, ...flags)).code).toBe(3);
  return simulator;
}

describe('nothing is touched', () => {
  test('where the proof holds: all is as verify says it', async () => {
    const simulator = await finishedRun();
    const before = await contents();
    const { proof: verified } = await verify(simulator);
    const { code, proof } = await repair(simulator);
    expect(code).toBe(0);
    expect(proof).toEqual({
      ...verified,
      durationMs: proof.durationMs,
      repair: null,
      message: proof.message,
    });
    expect(await contents()).toEqual(before);
  });

  test('of rows that no page owns, which are told of', async () => {
    const simulator = await finishedRun();
    await edit(`INSERT INTO ingested_events (id, data, page)
      VALUES (gen_random_uuid(), '{}', NULL), (gen_random_uuid(), '{}', 77777)`);
    const before = await contents();
    const { code, proof } = await repair(simulator);
    expect({ code, repair: proof.repair }).toEqual({ code: 1, repair: null });
    expect(proof.differences).toMatchObject([{ kind: 'added' }, { kind: 'added' }]);
    expect(await contents()).toEqual(before);
    await edit(DELETE_A_ROW);
    const mixed = await repair(simulator);
    expect(mixed.code).toBe(1);
    expect(mixed.proof.differences).toMatchObject([{ kind: 'added' }, { kind: 'added' }]);
    expect(mixed.proof.repair?.released.pages).toBe(1);
    expect(mixed.proof.tableRows).toBe(5_502);
  });

  test.each([
    ['does not answer', {}, 1, /refused|reset|closed/i],
    ['refuses the key', { TARGET_API_KEY: 'wrong' }, 4, /refused the key/],
  ] as const)('where the API %s', async (_, changes, exitCode, message) => {
    const simulator = await finishedRun();
    await edit(DELETE_A_ROW);
    const before = await contents();
    if (exitCode === 1) await simulator.close();
    const { code, stderr } = await repair(simulator, { changes });
    expect({ code, stderr }).toEqual({ code: exitCode, stderr: expect.stringMatching(message) });
    expect(await contents()).toEqual(before);
  });

  test('while another process has the run', async () => {
    const simulator = await finishedRun();
    await edit(DELETE_A_ROW);
    const before = await contents();
    const lock = await acquireRunLock(database.pool, {
      ...{ source: 'datasync', stream: 'events', origin: simulator.baseUrl },
    });
    try {
      const { code, stderr, proof } = await repair(simulator);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringMatching('already being run'),
      });
      expect(proof).toMatchObject({ fault: 'ALREADY_RUNNING' });
    } finally {
      await lock.release();
    }
    expect(await contents()).toEqual(before);
  });

  test('of a run of another source, or one that another has followed', async () => {
    const simulator = await finishedRun();
    await edit(DELETE_A_ROW);
    const other = await simulate({ events: 1_000, seed: 2 });
    const before = await contents();
    const elsewhere = await repair(other, { flags: ['--run', '1'] });
    expect(elsewhere).toMatchObject({
      code: 1,
      stderr: expect.stringMatching('from its own source'),
    });
    expect(await contents()).toEqual(before);
    expect((await ingest(simulator, '--restart')).code).toBe(0);
    const older = await repair(simulator, { flags: ['--run', '1'] });
    expect(older).toMatchObject({
      code: 1,
      stderr: expect.stringMatching('run 2 .* has begun since'),
    });
  });
});
