/** The end of a session: what is told to whom, and in which order. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RunOutcome } from '../../src/core/scheduler-types.js';
import { NO_FACTS } from '../../src/protocol/record-facts.js';
import { type EndingSession, endSession, type SessionEnd } from '../../src/session/end-session.js';
import type { SessionParts } from '../../src/session/session-parts.js';
import { PlayedRun, T0 } from '../support/played-run.js';

const FAULT = { code: 'DATABASE_UNAVAILABLE', message: 'out of reach', retryable: true } as const;
const POLICY = { quota: 10, windowMs: 1_000 };

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'datasync-end-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A run of three pages that has been played to its end. @returns what was done, in order */
async function end(outcome: RunOutcome, failing: { readonly status?: Error } = {}) {
  const done: string[] = [];
  const does = (name: string) => async (): Promise<void> => void done.push(name);
  const played = new PlayedRun({
    ...{ policy: POLICY, pages: 3, latencyMs: 100, startupMs: 0, inFlightMax: 1 },
  });
  played.play(Number.POSITIVE_INFINITY);
  const { stats, figures, timeline } = played;
  const totals = { rows: 3_000, returned: 3_000, differing: 0, quarantined: 0 };
  const run = { run: 7, source: 's', origin: 'o', startedAtMs: T0, settings: {} };
  const parts = {
    context: {
      config: { reportsFolder: folder, redisUrl: null },
      log: { info() {}, warn() {} },
      redact: (text: string) => text,
    },
    database: { pool: { query: async () => ({ rows: [] }) } },
    store: {
      loadTotals: async () => totals,
      setWarnings: does('warnings'),
      setRunStatus: async (_: number, status: string) => {
        done.push(`status ${status}`);
        if (failing.status !== undefined) throw failing.status;
      },
    },
    prepared: { run, resumedFrom: null, children: null },
    source: { spec: { codec: {}, incremental: null, target: { disposition: 'append' } } },
    onlookers: {
      front: { ended: () => done.push('dashboard') },
      alerts: { ended: () => done.push('alerts') },
    },
    patience: { end: () => done.push('patience') },
  } as unknown as SessionParts;
  const warnings: string[] = [];
  const ending = {
    scheduler: { isOrderBroken: false, announcedRecords: 3_001 },
    limits: {
      settle: does('limits'),
      limiter: { policy: POLICY },
    },
    engine: {
      finish: async () => {
        done.push('engine');
        return NO_FACTS;
      },
      writer: { connections: 2 },
      replacement: null,
    },
    account: {
      ...{ stats, figures, timeline },
      stop: () => done.push('account'),
      warnings: {
        texts: warnings,
        add: (text: string | null) => void (text !== null && warnings.push(text)),
      },
      watch: {
        writeState: does('state file'),
        ended: () => done.push('log'),
      },
    },
  } as unknown as EndingSession;
  const ended = endSession(parts, ending, outcome).then(
    (value) => ({ value: value as SessionEnd, error: null }),
    (error: unknown) => ({ value: null, error }),
  );
  return { done, warnings, ...(await ended) };
}

test('the ledger is told first, then all who show the run, then the report is written', async () => {
  const { done, warnings, value } = await end({ status: 'complete' });
  expect(done).toEqual([
    ...['account', 'engine', 'limits', 'warnings', 'status complete'],
    ...['state file', 'dashboard', 'alerts', 'log'],
  ]);
  expect(warnings).toEqual([expect.stringContaining('announced 3,001 records')]);
  expect(value?.result).toMatchObject({
    run: 7,
    status: 'complete',
    eventsIngested: 3_000,
    warnings,
  });
  expect(value?.page).toMatch(/7\.html$/);
});

test('nobody is told that a run is over which the ledger does not say is over', async () => {
  const status = new Error('the database went away');
  const { done, error } = await end({ status: 'complete' }, { status });
  expect(error).toBe(status);
  expect(done.at(-1)).toBe('status complete');
});

test('where the database is the reason, its patience ends first, and the end is told all the same', async () => {
  const outcome = { status: 'failed', fault: FAULT } as const;
  const { done, warnings, value } = await end(outcome, { status: new Error('gone') });
  expect(done).toEqual([
    ...['patience', 'account', 'engine', 'limits', 'status failed'],
    ...['state file', 'dashboard', 'alerts', 'log'],
  ]);
  // What is missing of a run that goes on is no warning.
  expect(warnings).toEqual([]);
  expect(value?.outcome).toBe(outcome);
});
