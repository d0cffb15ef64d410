/** The report that each process leaves of its run, and `datasync report` that shows it again. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type RunReportDocument, readReport } from '../../src/observe/run-report.js';
import { API_KEY, environmentFor, useEmptyTables, useSimulator } from '../support/ingest-check.js';
import { breaking, type Exit, useIngestFolder } from '../support/ingest-process.js';

const EVENTS = 20_000;
const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();

function kept(run = 1): RunReportDocument {
  const report = readReport(JSON.parse(readFileSync(pathOf(`${run}.json`), 'utf8')));
  if (report === null) throw new Error('the file is no report');
  return report;
}

function pathOf(name: string): string {
  return join(folder.path, 'reports', name);
}

/** Without a key: what is only looked at needs none. */
function report(...args: string[]): Promise<Exit> {
  return folder.run(['report', ...args], { DATABASE_URL: database.connectionString });
}

describe('a finished run', () => {
  test('leaves its figures, as the ledger and the last line of ingest have them', async () => {
    const simulator = await simulate({ events: EVENTS });
    const env = environmentFor(simulator, database);
    const { result } = await folder.run(['ingest', '--json'], env);
    const found = kept();
    expect(found).toMatchObject({
      ...{ run: 1, status: 'complete', reason: null, writeMethod: 'copy' },
      rows: {
        ingested: EVENTS,
        total: EVENTS,
        inserted: EVENTS,
        updated: 0,
        duplicate: 0,
        quarantined: 0,
      },
      pages: result?.pages,
      limit: { quota: 50 },
      settings: { writeMethod: 'auto' },
    });
    // Its answers tell whole seconds, and a busy machine may not see that a window is a shorter one.
    expect(found.limit?.windowMs).toBeGreaterThanOrEqual(1_000);
    expect(found.limit?.windowMs).toBeLessThan(2_000);
    const [session] = found.sessions;
    expect(session).toMatchObject({
      ...{ status: 'complete', rows: EVENTS, requests: result?.requests, refused: 0 },
      utilisation: result?.utilisation,
    });
    expect(found.latency.head?.count).toBe(result?.pages);
    expect(found.latency.write?.count).toBe(result?.pages);
    expect(found.databaseShare).toBeGreaterThan(0);
    expect(found.versions.PostgreSQL).toMatch(/^\d+/);
    expect(found.timeline.rows.at(-1)).toBe(EVENTS);
    const { rows } = await database.pool.query<{ first: number; total: number }>(
      `SELECT (extract(epoch FROM first_request_at) * 1000)::float8 AS first,
         source_total::float8 AS total FROM ingestion_runs`,
    );
    expect(rows[0]?.total).toBe(EVENTS);
    expect(Math.abs((rows[0]?.first ?? 0) - (found.firstRequestAtMs ?? 0))).toBeLessThan(1);
    expect(found.endedAtMs).toBeGreaterThan(found.firstRequestAtMs ?? Number.POSITIVE_INFINITY);
  });

  test('is shown again without a key, and holds no secret', async () => {
    const simulator = await simulate({ events: EVENTS });
    const password = 'passw0rd-in-url';
    const url = new URL(database.connectionString);
    url.password ||= password;
    await folder.run(['ingest', '--json'], {
      ...environmentFor(simulator, database),
      DATABASE_URL: url.href,
    });
    const { code, stdout, stderr } = await report();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Run 1: complete\n/);
    expect(stdout).toMatch(/page {7}reports\/1\.html\n$/);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    const files = ['1.json', '1.html'].map((name) => readFileSync(pathOf(name), 'utf8'));
    const secrets = [API_KEY, url.password];
    for (const text of [stdout, ...files]) {
      for (const secret of secrets) expect(text).not.toContain(secret);
    }
  });
});

test('a proof is noted in the report of its run, good or bad, until the next proof', async () => {
  const simulator = await simulate({ events: EVENTS });
  const env = environmentFor(simulator, database);
  await folder.run(['ingest', '--json'], env);
  expect((await report()).stdout).toMatch(
    /not since its last process ended\s+datasync verify --run 1/,
  );
  const verify = () => folder.run(['verify'], { DATABASE_URL: database.connectionString });
  expect((await verify()).code).toBe(0);
  expect(kept().verification).toMatchObject({ ok: true, rows: EVENTS, differences: 0 });
  expect((await report()).stdout).toMatch(/20,000 rows in the table, no difference, /);
  expect(readFileSync(pathOf('1.html'), 'utf8')).toContain('no difference');
  await database.pool.query(
    'DELETE FROM ingested_events WHERE id = (SELECT min(id::text)::uuid FROM ingested_events)',
  );
  expect((await verify()).code).toBe(1);
  expect(kept().verification).toMatchObject({ ok: false, rows: EVENTS - 1 });
  expect((await report()).stdout).toMatch(/1 difference, [\s\S]*datasync verify --run 1/);
});

describe('a run over several processes', () => {
  test('has a session for each, and its time runs from the first call', async () => {
    const simulator = await simulate({ events: EVENTS });
    const env = environmentFor(simulator, database);
    await folder.run(['ingest', '--json', '--max-events', '5000'], env);
    const first = kept();
    expect(first).toMatchObject({ status: 'paused', reason: expect.stringContaining('5000') });
    await folder.run(['ingest', '--json'], env);
    const whole = kept();
    expect(whole.sessions.map(({ status }) => status)).toEqual(['paused', 'complete']);
    expect(whole.sessions.reduce((sum, { rows }) => sum + rows, 0)).toBe(EVENTS);
    // The ledger keeps microseconds.
    expect(whole.firstRequestAtMs).toBeCloseTo(first.firstRequestAtMs ?? 0, 2);
    expect(whole.rows.ingested).toBe(EVENTS);
    const { stdout } = await report('1');
    expect(stdout).toMatch(/at work {4}.* in 2 sessions/);
  });

  test('that was interrupted or has failed leaves a report of it too', async () => {
    const simulator = await simulate({ eventsQuota: 5, eventsWindowMs: 500 });
    const env = environmentFor(simulator, database);
    const running = folder.start(['ingest', '--json'], env);
    await running.untilLog('page_committed', { count: 2 });
    running.signal('SIGTERM');
    expect((await running.end()).code).toBe(130);
    expect(kept()).toMatchObject({ status: 'paused', reason: 'a signal to its process' });
    const { stdout } = await folder.run(['status'], env);
    expect(stdout).toMatch(/^Run 1: paused$/m);
    expect(stdout).toMatch(/paused by {2,}a signal to its process/);
    await folder.run(['ingest', '--json'], { ...env, TARGET_API_KEY: 'wrong' });
    const failed = kept();
    expect(failed.status).toBe('failed');
    expect(failed.reason).toMatch(/refused the key/);
    expect(failed.sessions.at(-1)?.faults).toEqual({ CREDENTIALS: 1 });
  });

  test('that was refused at its first request has had it all the same', async () => {
    const simulator = await simulate();
    const env = environmentFor(simulator, database, { TARGET_API_KEY: 'wrong' });
    await folder.run(['ingest', '--json'], env);
    const { rows } = await database.pool.query<{ first: number | null }>(
      'SELECT (extract(epoch FROM first_request_at) * 1000)::float8 AS first FROM ingestion_runs',
    );
    expect(Math.abs((rows[0]?.first ?? 0) - (kept().firstRequestAtMs ?? 0))).toBeLessThan(1);
  });

  test('that was killed is reported from the ledger', async () => {
    const simulator = await simulate({ eventsQuota: 5, eventsWindowMs: 500 });
    const running = folder.start(['ingest', '--json'], environmentFor(simulator, database));
    await running.untilLog('page_committed', { count: 3 });
    await running.kill();
    expect(existsSync(pathOf('1.json'))).toBe(false);
    const { code, result } = await report('--json');
    expect(code).toBe(0);
    expect(result).toMatchObject({ run: 1, status: 'stopped', sessions: [] });
    expect(Number(result?.pages)).toBeGreaterThanOrEqual(3);
  });

  test('and was killed once says whose rows are without requests', async () => {
    const simulator = await simulate({ events: EVENTS });
    const env = environmentFor(simulator, database);
    await folder.run(['ingest', '--json', '--max-events', '3000'], env);
    const killed = await folder.run(['ingest', '--json'], env, breaking('kill=in:committed:3'));
    expect(killed.signal).toBe('SIGKILL');
    const stopped = await report();
    expect(stopped.stdout).toMatch(/^Run 1: stopped\n/);
    expect(stopped.stdout).not.toMatch(/ {2}(reason|end) /);
    await folder.run(['ingest', '--json'], env);
    const unreported = EVENTS - kept().sessions.reduce((sum, { rows }) => sum + rows, 0);
    expect(unreported).toBeGreaterThanOrEqual(3_000);
    const whole = await report();
    const rows = unreported.toLocaleString('en-US');
    expect(whole.stdout).toContain(`unreported ${rows} rows are of processes that`);
    expect(readFileSync(pathOf('1.html'), 'utf8')).toMatch(
      new RegExp(`without a report</td><td[^>]*>${rows}`),
    );
  });
});

describe('the files', () => {
  test('of a run of another database by the same number are kept, and not taken for this one', async () => {
    const simulator = await simulate({ events: EVENTS });
    const env = environmentFor(simulator, database);
    await folder.run(['ingest', '--json', '--max-events', '5000'], env);
    const foreign = JSON.stringify({ ...kept(), startedAtMs: 1, pages: 123_456 });
    writeFileSync(pathOf('1.json'), foreign);
    const { result } = await report('--json');
    expect(result?.pages).not.toBe(123_456);
    expect(result?.sessions).toEqual([]);
    const { stderr } = await folder.run(['ingest', '--json'], env);
    expect(stderr).toContain('"event":"report_set_aside"');
    expect(kept().pages).not.toBe(123_456);
    expect(readFileSync(pathOf('1-1970-01-01T00-00-00.001Z.json'), 'utf8')).toBe(foreign);
  });

  test('that cannot be written end nothing: the run is complete, and a warning says so', async () => {
    const simulator = await simulate({ events: EVENTS });
    const env = environmentFor(simulator, database);
    writeFileSync(join(folder.path, 'reports'), 'a file where the folder would be');
    const { code, stderr } = await folder.run(['ingest', '--json'], env);
    expect(code).toBe(0);
    expect(stderr).toContain('"event":"report_unwritten"');
    rmSync(join(folder.path, 'reports'));
  });

  test('go where REPORTS_FOLDER says', async () => {
    const simulator = await simulate({ events: 2_000 });
    mkdirSync(join(folder.path, 'elsewhere'));
    const env = environmentFor(simulator, database, { REPORTS_FOLDER: 'elsewhere/reports' });
    const { stdout } = await folder.run(['ingest'], env);
    expect(stdout).toMatch(/report {4}elsewhere\/reports\/1\.html\n/);
    expect(existsSync(join(folder.path, 'elsewhere/reports/1.html'))).toBe(true);
  });
});

test('a run that does not exist is named', async () => {
  const { code, stderr } = await report('9');
  expect([code, stderr]).toEqual([1, 'The ledger has no run 9.\n']);
});
