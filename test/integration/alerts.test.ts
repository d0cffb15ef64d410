/** Alerts of the real program to a receiver on this machine. */
import { describe, expect, test } from 'vitest';
import { type AlertReceiver, useAlertReceiver, WEBHOOK_TOKEN } from '../support/alert-receiver.js';
import {
  API_KEY,
  environmentFor,
  expectExactly,
  useEmptyTables,
  useSimulator,
} from '../support/ingest-check.js';
import { type Exit, useIngestFolder } from '../support/ingest-process.js';

const ROUTING_KEY = 'pd_r0ut1ng_k3y_5e';
/** The most that a receiver may keep an ended process alive. */
const BOUND_MS = 10_000;

const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();
const password = () => new URL(database.connectionString).password;
const receive = useAlertReceiver(() => [API_KEY, password()]);

function environment(
  simulator: { readonly baseUrl: string },
  receiver: AlertReceiver,
  changes: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return environmentFor(simulator, database, { ALERT_WEBHOOK_URL: receiver.url, ...changes });
}

/** The address is as secret as a key. */
function expectNoSecret(exit: Exit): void {
  const said = exit.stdout + exit.stderr;
  for (const secret of [WEBHOOK_TOKEN, API_KEY, ROUTING_KEY]) expect(said).not.toContain(secret);
}

describe('a run', () => {
  test('that finishes is told once, with its figures, and so is one that reads what is new', async () => {
    const [simulator, receiver] = [await simulate(), await receive()];
    const exit = await folder.run(['ingest', '--json'], environment(simulator, receiver));
    expect(exit.code, exit.stderr).toBe(0);
    expectNoSecret(exit);
    expect(receiver.posted).toMatchObject([
      {
        ...{ version: 1, kind: 'finished', action: 'trigger', severity: 'info', run: 1 },
        ...{ state: 'complete', rows: 20_000, total: 20_000, reason: null, etaSeconds: null },
        origin: simulator.baseUrl,
        next: expect.stringContaining('datasync verify'),
      },
    ]);
    expect(receiver.posted[0]?.rowsPerSecond).toBeGreaterThan(0);
    const again = await folder.run(['ingest', '--json'], environment(simulator, receiver));
    expect(again.result).toMatchObject({ run: 2, pass: { type: 'incremental' } });
    expect(receiver.posted).toMatchObject([{ run: 1 }, { kind: 'finished', run: 2 }]);
  });

  test('whose key is refused is told as failed, with what to check', async () => {
    const [simulator, receiver] = [await simulate({ apiKey: 'another' }), await receive()];
    const exit = await folder.run(['ingest', '--json'], environment(simulator, receiver));
    expect(exit.code).toBe(4);
    expectNoSecret(exit);
    expect(receiver.posted).toMatchObject([
      {
        ...{ kind: 'failed', action: 'trigger', severity: 'critical', run: 1, state: 'failed' },
        reason: expect.stringContaining('the API refused the key'),
        next: expect.stringContaining('TARGET_API_KEY'),
      },
    ]);
  });

  test('that never begins, for its database is out of reach, is told as failed', async () => {
    const [simulator, receiver] = [await simulate(), await receive()];
    const away = {
      DATABASE_URL: 'postgres://me:hunter2-db@127.0.0.1:1/events',
      DATABASE_WAIT: '0.3',
    };
    const exit = await folder.run(['ingest', '--json'], environment(simulator, receiver, away));
    expect(exit.code).toBe(5);
    expectNoSecret(exit);
    expect(receiver.posted).toMatchObject([
      {
        ...{ kind: 'failed', run: null, rows: null, state: 'failed' },
        dedupKey: expect.stringMatching(/^datasync\/[0-9a-f]{12}\/start\/failed$/),
        reason: expect.stringContaining('no connection to 127.0.0.1:1/events'),
      },
    ]);
    expect(JSON.stringify(receiver.posted)).not.toContain('hunter2-db');
  });

  test('that pauses, for its API is away, is told as paused', async () => {
    const receiver = await receive();
    const gone = { baseUrl: 'http://127.0.0.1:1/api/v1' };
    const impatient = { MAX_RETRIES: '0', RETRY_PAUSE: '0.05' };
    const exit = await folder.run(['ingest', '--json'], environment(gone, receiver, impatient));
    expect(exit.code).toBe(3);
    expect(receiver.posted).toMatchObject([
      {
        ...{
          kind: 'paused',
          severity: 'warning',
          run: 1,
          state: 'paused',
          rows: 0,
          resumeAt: null,
        },
        reason: expect.stringMatching(/^nothing has answered in .*Check API_BASE_URL/),
      },
    ]);
  });

  test('that a signal ends is not told, and neither is a second instance on it', async () => {
    const simulator = await simulate({ eventsQuota: 3, eventsWindowMs: 30_000 });
    const receiver = await receive();
    const child = folder.start(['ingest', '--json'], environment(simulator, receiver));
    await child.untilLog('page_committed');
    const second = await folder.run(['ingest', '--json'], environment(simulator, receiver));
    expect(second.code, second.stderr).toBe(1);
    child.signal('SIGTERM');
    expect((await child.end()).code).toBe(130);
    expect(receiver.posted).toEqual([]);
  });
});

describe('a stall', () => {
  const IMPATIENT = { ALERT_STALL_MINUTES: '0.04' };
  /** Longer than a busy machine takes to start or to commit. */
  const PATIENT = { ALERT_STALL_MINUTES: '0.1' };

  test('of the database is told once, and resolved by the next page', async () => {
    const simulator = await simulate({ eventsQuota: 10, eventsWindowMs: 500 });
    const receiver = await receive();
    const child = folder.start(['ingest', '--json'], environment(simulator, receiver, PATIENT));
    await child.untilLog('page_committed', { count: 3 });
    const client = await database.pool.connect();
    try {
      await client.query('BEGIN; LOCK TABLE ingested_events IN ACCESS EXCLUSIVE MODE');
      const stalled = await receiver.until({ kind: 'stalled', action: 'trigger' });
      expect(stalled).toMatchObject({
        ...{ severity: 'error', state: 'running', etaSeconds: null },
        reason: expect.stringMatching(/^no record committed in 6 s, .*; the database takes none$/),
        next: expect.stringContaining('locked'),
      });
      await client.query('COMMIT');
      const resolved = await receiver.until({ kind: 'stalled', action: 'resolve' });
      expect(resolved).toMatchObject({
        dedupKey: stalled.dedupKey,
        reason: null,
        state: 'running',
      });
      expect(resolved.etaSeconds).toBeGreaterThanOrEqual(0);
    } finally {
      client.release();
    }
    expect((await child.end()).code).toBe(0);
    expect(receiver.told()).toEqual(['trigger stalled', 'resolve stalled', 'trigger finished']);
    await expectExactly(database.pool, simulator.settings);
  });

  test('of the API is told with its last fault, and is over when the run pauses', async () => {
    const [simulator, receiver] = [await simulate({ htmlError: 1 }), await receive()];
    const changes = { ...IMPATIENT, MAX_RETRIES: '0', RETRY_PAUSE: '0.2' };
    const exit = await folder.run(['ingest', '--json'], environment(simulator, receiver, changes));
    expect(exit.code).toBe(3);
    expect(receiver.told()).toEqual(['trigger stalled', 'resolve stalled', 'trigger paused']);
    expect(receiver.taken[0]?.reason).toMatch(/the API: HTTP 50\d/);
    expect(receiver.taken[1]?.state).toBe('paused');
  });

  test('is not what a wait for the limit is', async () => {
    const simulator = await simulate({ events: 5_000, eventsQuota: 3, eventsWindowMs: 9_000 });
    const receiver = await receive();
    const exit = await folder.run(['ingest', '--json'], environment(simulator, receiver, PATIENT));
    expect(exit.code, exit.stderr).toBe(0);
    expect(exit.tookMs).toBeGreaterThan(9_000);
    expect(receiver.told()).toEqual(['trigger finished']);
  });
});

describe('a receiver', () => {
  test('that answers 500 twice gets the alert until it takes it, and then no more', async () => {
    const simulator = await simulate({ events: 1_000 });
    const receiver = await receive((response, posts) => {
      if (posts < 3) response.statusCode = 500;
      response.end();
    });
    const exit = await folder.run(['ingest', '--json'], environment(simulator, receiver));
    expect(exit.code).toBe(0);
    expect(receiver.posted).toHaveLength(3);
    expect(receiver.told()).toEqual(['trigger finished']);
    expect(exit.stderr).toMatch(/"event":"alert_delayed".*HTTP 500/);
    expect(exit.stderr).toMatch(/"event":"alert_sent".*"attempts":3/);
    expectNoSecret(exit);
  });

  test('that never answers keeps an ended process for the bound at most, its result told before', async () => {
    const simulator = await simulate({ events: 1_000 });
    const receiver = await receive(() => {});
    const child = folder.start(['ingest', '--json'], environment(simulator, receiver));
    const committed = child.untilLog('page_committed');
    const lost = child.untilLog('alert_lost');
    await committed;
    const committedAtMs = performance.now();
    await lost;
    const exit = await child.end();
    // Less than the bound twice over.
    expect(performance.now() - committedAtMs).toBeLessThan(BOUND_MS + 8_000);
    expect(exit.lingeredMs).toBeLessThan(5_000);
    expect(exit.code).toBe(0);
    expect(exit.result).toMatchObject({ status: 'complete' });
    expect(exit.stderr.indexOf('ingestion complete')).toBeGreaterThan(0);
    expect(exit.stderr.indexOf('ingestion complete')).toBeLessThan(
      exit.stderr.indexOf('"event":"alert_lost"'),
    );
    expect(receiver.posted.length).toBeGreaterThan(1);
    expectNoSecret(exit);
  });

  test('that is not there, or refuses, is named without its path, and ends nothing', async () => {
    const simulator = await simulate({ events: 1_000 });
    const gone = { ALERT_WEBHOOK_URL: `http://127.0.0.1:1/services/${WEBHOOK_TOKEN}` };
    const away = await folder.run(['ingest'], environmentFor(simulator, database, gone));
    expect(away.code).toBe(0);
    expect(away.stderr).toMatch(/"event":"alert_lost".*http:\/\/127\.0\.0\.1:1: ECONNREFUSED/);
    expectNoSecret(away);
    const receiver = await receive((response) => response.writeHead(404).end());
    const refused = await folder.run(['ingest', '--restart'], environment(simulator, receiver));
    expect(refused.code).toBe(0);
    expect(refused.stderr).toMatch(/HTTP 404\. Check ALERT_WEBHOOK_URL/);
    expect(receiver.posted).toHaveLength(1);
    expectNoSecret(refused);
  });
});

test('Slack gets a text and blocks', async () => {
  const [simulator, receiver] = [await simulate({ events: 1_000 }), await receive()];
  const slack = environment(simulator, receiver, { ALERT_FORMAT: 'slack' });
  expect((await folder.run(['ingest', '--json'], slack)).code).toBe(0);
  expect(receiver.taken).toMatchObject([
    {
      text: expect.stringMatching(/^Run 1 finished: 1,000 of 1,000 rows/),
      blocks: [{ type: 'header' }, { type: 'section' }, { type: 'section' }],
    },
  ]);
});

test('PagerDuty gets incidents, which the process that goes on resolves', async () => {
  const [simulator, receiver] = [await simulate({ events: 3_000 }), await receive()];
  const pagerduty = environment(simulator, receiver, {
    ALERT_FORMAT: 'pagerduty',
    PAGERDUTY_ROUTING_KEY: ROUTING_KEY,
  });
  const first = await folder.run(['ingest', '--json'], { ...pagerduty, MAX_EVENTS: '1000' });
  expect(first.code).toBe(3);
  const told = () =>
    receiver.taken.map(
      ({ event_action: action, dedup_key: key }) =>
        `${action} ${String(key).replace(/^.*?\/.*?\//, '')}`,
    );
  expect(told()).toEqual(['resolve start/failed', 'trigger run-1/paused']);
  const second = await folder.run(['ingest', '--json'], pagerduty);
  expect(second.code, second.stderr).toBe(0);
  for (const exit of [first, second]) expectNoSecret(exit);
  expect(told().slice(2)).toEqual([
    ...['resolve start/failed', 'resolve run-1/failed', 'resolve run-1/paused'],
    ...['resolve run-1/stalled', 'trigger run-1/finished', 'resolve run-1/finished'],
  ]);
  for (const body of receiver.taken) expect(body.routing_key).toBe(ROUTING_KEY);
});
