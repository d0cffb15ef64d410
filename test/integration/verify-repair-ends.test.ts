/** How `datasync verify --repair` ends: killed, by a signal, and well, with what it says meanwhile. */
import { expect, test, vi } from 'vitest';
import { environmentFor, expectExactly, untilDisconnected } from '../support/ingest-check.js';
import { breaking } from '../support/ingest-process.js';
import { useVerifiedRuns } from '../support/verified-runs.js';

const { database, folder, ingest, finishedRun, edit, expectProven } = useVerifiedRuns();

const DELETE_A_ROW = `DELETE FROM ingested_events WHERE id =
  (SELECT id FROM ingested_events ORDER BY occurred_at DESC, id DESC LIMIT 1 OFFSET 2500)`;
/** A row of each page. */
const ROW_OF_EACH = 'SELECT DISTINCT ON (page) id FROM ingested_events';

test('a repair that is killed half-way leaves a run that ingest completes', async () => {
  const simulator = await finishedRun();
  await edit(`DELETE FROM ingested_events WHERE id IN (${ROW_OF_EACH})`);
  const env = environmentFor(simulator, database);
  const killed = await folder.run(['verify', '--repair'], env, breaking('kill=in:committed:2'));
  expect(killed.signal).toBe('SIGKILL');
  await untilDisconnected(database.pool);
  const { rows } = await database.pool.query<{ status: string; rows: number }>(
    'SELECT status, (SELECT count(*)::int FROM ingested_events) AS rows FROM ingestion_runs',
  );
  expect(rows).toMatchObject([{ status: 'running' }]);
  expect(rows[0]?.rows).toBeLessThan(5_494);
  expect((await ingest(simulator)).code).toBe(0);
  await expectExactly(database.pool, simulator.settings);
  expect((await expectProven(simulator)).status).toBe('complete');
});

test('a repair that a signal ends says so, and ingest completes the run', async () => {
  const simulator = await finishedRun({ latencyMs: 300 });
  await edit(`DELETE FROM ingested_events WHERE id IN (${ROW_OF_EACH})`);
  const before = simulator.stats().eventsArrivalsMs.length;
  const changes = { LOG_LEVEL: 'warn', WORKER_CONCURRENCY: '1' };
  const env = environmentFor(simulator, database, changes);
  const child = folder.start(['verify', '--repair', '--json'], env);
  await vi.waitFor(
    () => expect(simulator.stats().eventsArrivalsMs.length).toBeGreaterThan(before),
    { timeout: 20_000, interval: 10 },
  );
  child.signal('SIGTERM');
  const { code, result } = await child.end();
  expect(code).toBe(130);
  expect(result).toMatchObject({
    ...{ ok: false, status: 'paused', exitCode: 130, run: 1 },
    message: expect.stringMatching(/paused \(a signal to its process\).*`datasync ingest` goes on/),
    repair: { released: { pages: 6 } },
  });
  expect((await ingest(simulator)).code).toBe(0);
  await expectExactly(database.pool, simulator.settings);
});

test('a repair is told step by step, and verify names it where it helps', async () => {
  const simulator = await finishedRun();
  await edit(DELETE_A_ROW);
  const env = environmentFor(simulator, database, { LOG_LEVEL: 'warn' });
  const failed = await folder.run(['verify'], env);
  expect(failed.code).toBe(1);
  expect(failed.stdout).toMatch(/`datasync verify --repair` fetches the pages that differ again/);
  const { code, stdout } = await folder.run(['verify', '--repair'], env);
  expect(code).toBe(0);
  const said = stdout.split('\n').filter((line) => /^\w/.test(line));
  expect(said).toEqual([
    expect.stringMatching(/^Run 1 \(complete\): the proof does NOT hold: 1 difference /),
    'Released: 1 page with 999 rows. What no page covers is fetched again.',
    'Fetched again: 1 request. The run has 5,500 rows by the ledger.',
    expect.stringMatching(/^Run 1 \(complete\): the proof holds /),
  ]);
});
