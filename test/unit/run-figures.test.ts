/** One figure, one value: all that is told of a run agrees, and its time left is near the truth. */
import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { addEngineMetrics } from '../../src/observe/engine-metrics.js';
import { estimateRest, type RestFacts } from '../../src/observe/eta.js';
import { Pace, type PaceCounts, wholeWindowsMs } from '../../src/observe/pace.js';
import { ingestResult } from '../../src/observe/report.js';
import { runProgress } from '../../src/observe/run-line.js';
import { reportTotals } from '../../src/observe/run-report.js';
import { sessionReport } from '../../src/observe/run-report-session.js';
import { RunView } from '../../src/observe/run-view.js';
import { FULL_PASS } from '../../src/source/pass.js';
import { type PlayedOptions, PlayedRun, T0 } from '../support/played-run.js';
import { parsePrometheus } from '../support/prometheus-text.js';

/** Plays it to its end. @returns what was said each second, and how long it then still took */
function told(options: PlayedOptions) {
  const run = new PlayedRun(options);
  const said: { second: number; leftMs: number | null; boundBy: string | null }[] = [];
  run.play(Number.POSITIVE_INFINITY, (second) => {
    const rest = run.figures.at(run.nowMs).rest;
    said.push({ second, leftMs: rest?.remainingMs ?? null, boundBy: rest?.boundBy ?? null });
  });
  const tookMs = run.nowMs - T0;
  return said.map((one) => ({ ...one, truthMs: tookMs - one.second * 1_000 }));
}

describe('time left', () => {
  test('is near the truth from the first seconds on, however long the start took', () => {
    const said = told({
      ...{ policy: null, pages: 600, latencyMs: 1_000, startupMs: 2_000, inFlightMax: 10 },
    });
    const known = said.filter(({ leftMs }) => leftMs !== null);
    expect(known[0]?.second).toBeLessThanOrEqual(5);
    for (const { second, leftMs, truthMs } of known) {
      const off = Math.abs((leftMs ?? 0) - truthMs);
      const most = second <= 5 ? 0.35 : 0.15;
      expect(off, `after ${second} s`).toBeLessThanOrEqual(Math.max(2_000, truthMs * most));
    }
  });

  test.each([
    { policy: { quota: 10, windowMs: 60_000 }, latencyMs: 800 },
    { policy: { quota: 10, windowMs: 2_000 }, latencyMs: 1_500 },
    { policy: { quota: 100, windowMs: 10_000 }, latencyMs: 300 },
    { policy: { quota: 1, windowMs: 1_000 }, latencyMs: 400 },
  ])('at the limit of $policy is exact to a few seconds, and never bound by speed', (limited) => {
    const { quota, windowMs } = limited.policy;
    const pages = Math.round((quota * 600_000) / windowMs);
    const said = told({ ...limited, pages, startupMs: 500, inFlightMax: 200 });
    const known = said.filter(({ leftMs }) => leftMs !== null);
    expect(known.length).toBeGreaterThan(500);
    for (const { second, leftMs, truthMs, boundBy } of known) {
      expect(Math.abs((leftMs ?? 0) - truthMs), `after ${second} s`).toBeLessThanOrEqual(3_000);
      // The last pages are under way: nothing is asked for any more.
      if (truthMs > limited.latencyMs) expect(boundBy, `after ${second} s`).toBe('limit');
    }
  });

  test('far below the limit is bound by speed, always', () => {
    const policy = { quota: 1_000, windowMs: 60_000 };
    const said = told({ policy, pages: 1_000, latencyMs: 700, startupMs: 100, inFlightMax: 2 });
    for (const { leftMs, boundBy } of said) if (leftMs !== null) expect(boundBy).toBe('speed');
  });

  test('while nearly all time is spent waiting for permits, is bound by the limit', () => {
    const facts: RestFacts = {
      ...{ total: 100_000, rows: 10_000, pagesUnderWay: 0, permitShare: 0.9 },
      // Another client takes half of the quota.
      progressed: { rows: 5_000, pages: 5, spanMs: 60_000 },
      limit: { quota: 10, windowMs: 60_000, startsInMs: [], use: 0.5 },
    };
    expect(estimateRest(facts)).toEqual({ remainingMs: 18 * 60_000, boundBy: 'limit' });
  });

  test('is not guessed before anything is known', () => {
    const facts: RestFacts = {
      ...{ total: 100_000, rows: 0, pagesUnderWay: 0, permitShare: null, limit: null },
      progressed: { rows: 1_000, pages: 1, spanMs: 1_000 },
    };
    expect(estimateRest(facts)).not.toBeNull();
    expect(estimateRest({ ...facts, total: null })).toBeNull();
    expect(estimateRest({ ...facts, progressed: null })).toBeNull();
    expect(estimateRest({ ...facts, progressed: { rows: 9, pages: 1, spanMs: 100 } })).toBeNull();
  });
});

test.each([
  ['without a limit', null, 0],
  ['with a limit', { quota: 10, windowMs: 2_000 }, 0],
  ['resumed', { quota: 10, windowMs: 2_000 }, 40],
])(
  'all that is told of a run %s agrees, when it runs and when it is over',
  async (_, policy, earlierPages) => {
    const run = new PlayedRun({
      ...{ policy, pages: 200, latencyMs: 300, startupMs: 1_500, inFlightMax: 5, earlierPages },
    });
    const { stats, figures, limiter, scheduler } = run;
    const identity = { run: 1, source: 's', stream: 't', origin: 'o', resumedFrom: null };
    const view = new RunView({
      ...{ ...identity, earlier: null, scheduler, limiter, stats, figures },
      nowMs: () => run.nowMs,
    });
    const registry = new Registry();
    addEngineMetrics(registry, {
      ...{ scheduler, limiter, figures, pools: () => [], nowMs: () => run.nowMs },
      earlierWaitMs: () => 0,
    });
    const metric = async (name: string): Promise<number | undefined> =>
      parsePrometheus(await registry.metrics()).get(name)?.samples[0]?.value;
    const agree = async (): Promise<void> => {
      const line = runProgress(figures.at(run.nowMs));
      const live = view.snapshot();
      expect(live.rows.ingested).toBe(line.eventsIngested);
      expect(Math.round(live.rowsPerSecond)).toBe(line.eventsPerSecond);
      expect(live.eta && Math.round(live.eta.remainingMs)).toBe(line.remainingMs);
      expect(live.eta?.boundBy ?? null).toBe(line.boundBy);
      expect(await metric('datasync_run_rows')).toBe(line.eventsIngested);
      expect(Math.round((await metric('datasync_run_rows_per_second')) ?? 0)).toBe(
        line.eventsPerSecond,
      );
      expect(await metric('datasync_run_duration_seconds')).toBe(live.durationMs / 1000);
      expect((await metric('datasync_limit_used_ratio')) ?? Number.NaN).toBe(
        live.requests.utilisation ?? Number.NaN,
      );
    };

    run.play(8_000);
    expect(run.isOver).toBe(false);
    await agree();
    run.play(Number.POSITIVE_INFINITY);
    const endedAtMs = run.nowMs;
    figures.end(endedAtMs);
    // What is still to be put on record takes its time.
    run.nowMs += 700;
    const outcome = { status: 'complete' } as const;
    view.end(outcome, endedAtMs);
    const result = ingestResult({
      ...{ run: 1, pass: FULL_PASS, outcome, stats, figures, resumedFrom: null, warnings: [] },
      deletion: null,
      ...{ startedAtMs: T0, nowMs: run.nowMs },
    });
    await agree();
    const live = view.snapshot();
    const report = sessionReport({
      run: {
        run: 1,
        source: 's',
        origin: 'o',
        startedAtMs: T0,
        firstRequestAtMs: T0 + 1_700,
        settings: {},
      },
      ...{ outcome, result, stats, policy, endedAtMs, figures: figures.at(run.nowMs) },
      ...{
        writerConnections: 2,
        timeline: run.timeline,
        quarantine: [],
        fieldChanges: [],
        versions: {},
      },
    });
    const totals = reportTotals(report);
    expect(report.rows.ingested).toBe(result.eventsIngested);
    expect(Math.round(totals.eventsPerSecond ?? 0)).toBe(result.eventsPerSecond);
    expect(Math.round(live.rowsPerSecond)).toBe(result.eventsPerSecond);
    expect([totals.activeMs, live.durationMs]).toEqual([result.durationMs, result.durationMs]);
    // The whole is no shorter than its part, though the first answer was to a second request.
    expect(totals.elapsedMs).toBe(totals.activeMs);
    expect(report.sessions[0]?.utilisation).toBe(result.utilisation);
    expect(live.requests.permitted).toBe(result.permittedRequests);
  },
);

describe('when the run is over', () => {
  test('the waits are those of the whole run, not of its last moment', () => {
    const policy = { quota: 10, windowMs: 2_000 };
    const run = new PlayedRun({
      ...{ policy, pages: 400, latencyMs: 100, startupMs: 0, inFlightMax: 20 },
    });
    run.play(Number.POSITIVE_INFINITY);
    run.waits.waitFor('end', run.nowMs);
    run.nowMs += 60_000;
    run.timeline.tick();
    expect(run.figures.at(run.nowMs).waits.end).toBeGreaterThan(0.99);
    run.figures.end(run.nowMs - 60_000);
    const { waits, rest } = run.figures.at(run.nowMs);
    expect(waits.permit).toBeGreaterThan(0.9);
    expect(rest).toBeNull();
  });
});

describe('pace', () => {
  const counts = (rows: number, pages: number): PaceCounts => ({
    ...{ rows, pages, startedAtMs: T0, firstCommitAtMs: T0 },
  });

  test('forgets what is older than the span', () => {
    const pace = new Pace();
    let rows = 0;
    for (let second = 1; second <= 60; second++) {
      rows += second < 30 ? 1000 : 100;
      pace.mark(T0 + second * 1000, counts(rows, second), null, null);
    }
    expect(pace.rowsPerSecond(T0 + 60_000, counts(rows, 60), 10_000)).toBeCloseTo(100);
  });

  test('looks at whole windows of the limit, so that a burst a window is steady', () => {
    for (const windowMs of [2_000, 3_000, 60_000, 90_000]) {
      const pace = new Pace();
      const spanMs = wholeWindowsMs(10_000, windowMs);
      expect(spanMs % windowMs).toBe(0);
      for (let second = 1; second <= 900; second++) {
        const rows = (Math.floor((second * 1_000) / windowMs) + 1) * 50_000;
        const atMs = T0 + second * 1000;
        pace.mark(atMs, counts(rows, second), null, windowMs);
        if (second * 1_000 <= spanMs) continue;
        const seen = pace.rowsPerSecond(atMs, counts(rows, second), spanMs);
        expect(seen).toBeCloseTo(50_000_000 / windowMs);
      }
    }
  });

  test('of a window that is longer than can be looked at is that of the last while', () => {
    expect(wholeWindowsMs(60_000, 3_600_000)).toBe(300_000);
  });
});
