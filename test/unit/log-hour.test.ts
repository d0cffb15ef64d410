/**
 * An hour of a run is a page of log at `info`: 600 pages at 10 requests a minute, a tenth of them
 * failing. The real loop, scheduler and logger against a simulated API, in simulated time.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance as processClock } from 'node:perf_hooks';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { CommandContext } from '../../src/commands/context.js';
import type { Fault } from '../../src/core/fault.js';
import { Frontier } from '../../src/core/frontier.js';
import { PageSize } from '../../src/core/page-size.js';
import type { RunOutcome } from '../../src/core/scheduler-types.js';
import { ALONE } from '../../src/core/start-reservation.js';
import { ingestResult } from '../../src/observe/report.js';
import { RunFigures } from '../../src/observe/run-figures.js';
import { RunStats } from '../../src/observe/run-stats.js';
import type { Batch } from '../../src/protocol/batch.js';
import type {
  PageHead,
  PageResult,
  PageTask,
  ResponseMeta,
} from '../../src/protocol/fetch-messages.js';
import type { PageWrite, WriteResult } from '../../src/protocol/writer-messages.js';
import { BufferPool } from '../../src/runtime/buffer-pool.js';
import { nowMs } from '../../src/runtime/clock.js';
import { IngestionLoop } from '../../src/runtime/ingestion-loop.js';
import { RunJournal } from '../../src/runtime/run-journal.js';
import type { PreparedRun } from '../../src/session/prepare-run.js';
import { RunWatch } from '../../src/session/run-watch.js';
import { FULL_PASS } from '../../src/source/pass.js';
import { type CapturedLog, captureLog } from '../support/captured-log.js';
import { readConfig } from '../support/datasync.js';
import { seededRandom } from '../support/random.js';
import { SimulatedApi } from '../support/simulated-api.js';
import { STEADY } from '../support/simulated-api-settings.js';
import { limiterOf, schedulerOver } from '../support/stepped-scheduler.js';

const PAGES = 600;
const PAGE_ROWS = 5;
const LIMIT = { quota: 10, windowMs: 60_000 };
const LATENCY_MS = 4_000;
const NO_BUFFERS = { body: new ArrayBuffer(0), columns: new ArrayBuffer(0) };

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'datasync-hour-'));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
  // The clock of the process is this one, which stands beside the global.
  vi.spyOn(processClock, 'now').mockImplementation(() => performance.now());
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

test('an hour of a run with a tenth of its requests failing is at most 60 lines at info', async () => {
  const { records, durationMs, stats } = await playRun('info', 0.12);
  expect(durationMs).toBeGreaterThan(60 * 60_000);
  expect(stats.pages).toBeGreaterThanOrEqual(PAGES);
  expect(stats.retries).toBeGreaterThan(50);
  expect(records.length).toBeLessThanOrEqual(60);

  // What was summed is still told in full: each retry is a line or counted in one.
  const told = records.filter(({ event }) => event === 'page_retried' || event === 'page_paused');
  const retries = told.reduce((sum, { repeats }) => sum + Number(repeats ?? 1), 0);
  expect(retries).toBe(stats.retries);
  const events = new Set(records.map(({ event }) => event));
  for (const event of ['run_started', 'limit_learned', 'run_progressed', 'run_completed']) {
    expect(events).toContain(event);
  }
  for (const record of records) expect(record).toMatchObject({ run: 7, event: expect.any(String) });
  for (const record of told) {
    expect(record).toMatchObject({ segment: expect.any(Number), page: expect.any(Number) });
  }
});

test('control: at debug the same hour is a book', async () => {
  const { records } = await playRun('debug', 0.1);
  expect(records.length).toBeGreaterThan(2 * PAGES);
});

async function playRun(level: string, faultShare: number) {
  const random = seededRandom(1);
  const rows = PAGES * PAGE_ROWS;
  const api = new SimulatedApi(
    {
      ...{ rows, pageCap: PAGE_ROWS, ...LIMIT, faultShare, latencyMs: LATENCY_MS },
      ...{ cursorTtlMs: 120_000, clockSkewMs: 0, isOpaque: false, seeks: 'true', isFlat: false },
      ...STEADY,
    },
    random,
  );
  const captured = await captureLog(level);
  captured.log.setBindings({ run: 7 });
  const limiter = limiterOf(LIMIT);
  const frontier = new Frontier(api.paging);
  frontier.add({ segment: 1, after: null, bound: null });
  const pageSize = new PageSize(PAGE_ROWS);
  const scheduler = schedulerOver(frontier, limiter, { random, pageSize });
  const prepared = freshRun();
  const stats = new RunStats({ earlier: prepared.totals, walksAgain: false });
  const runFigures = new RunFigures({ stats, limiter, scheduler });
  const startedAtMs = nowMs();
  const watch = new RunWatch({
    context: contextOf(captured),
    ...{
      stats,
      figures: runFigures,
      limiter,
      scheduler,
      onSource: () => {},
      onLastError: () => {},
    },
    ...{ prepared, joined: null },
  });
  const loop = new IngestionLoop({
    ...{ run: 7, scheduler, observer: watch, nowMs, journal: journal() },
    fetch: (task) => exchange(api, task, loop),
    tellFetcher: () => {},
    write: commit,
    buffers: new BufferPool(1),
  });
  watch.start();
  const outcome = await untilOver(loop);
  watch.stop();
  await watch.writeState(outcome);
  const known = { run: 7, pass: FULL_PASS, outcome, stats, figures: runFigures };
  const figures = { ...known, resumedFrom: null, warnings: [], deletion: null };
  watch.ended(ingestResult({ ...figures, startedAtMs, nowMs: nowMs() }), outcome);
  return { records: captured.records(), durationMs: stats.durationMs(nowMs()), stats };
}

/** Lets the simulated time pass, a minute at once. */
async function untilOver(loop: IngestionLoop): Promise<RunOutcome> {
  let outcome: RunOutcome | null = null;
  void loop.run().then((end) => {
    outcome = end;
  });
  while (outcome === null) await vi.advanceTimersByTimeAsync(LIMIT.windowMs);
  return outcome;
}

/** One request: half of its time until it arrives, half until its answer is there. */
async function exchange(
  api: SimulatedApi,
  { taskId, cursor, limit, isHeadOnly, isHeadUrgent }: PageTask,
  loop: IngestionLoop,
): Promise<PageResult> {
  const sentAtMs = nowMs();
  await sleep(LATENCY_MS / 2);
  const answer = api.exchange({ cursor, limit, isRefresh: isHeadOnly }, sentAtMs, nowMs());
  await sleep(LATENCY_MS / 2);
  const meta: ResponseMeta = {
    status: 200,
    limits: answer.limits,
    dateMs: null,
    requestId: null,
    ...{ sentAtMs, headAtMs: nowMs(), endAtMs: nowMs(), bodyBytes: 1000, redirects: 0 },
  };
  const failed = (fault: Fault, isAnswered: boolean): PageResult => ({
    ...{ type: 'fault', taskId, fault, buffers: null },
    meta: isAnswered ? meta : null,
  });
  if (answer.type === 'fault') return failed(answer.fault, answer.hasHead);
  const { nextCursor, hasMore, rows } = answer.page;
  const said = { cursorExpiresInMs: null, limit: null, total: PAGES * PAGE_ROWS };
  const nextPosition = nextCursor === null ? null : api.paging.placeOf(nextCursor);
  const page = { nextCursor, nextPosition, hasMore, returned: rows.length, ...said };
  const head: PageHead = { type: 'head', taskId, meta, ...page };
  if (isHeadUrgent) loop.onHead(head);
  if (answer.breaksAfterHead) {
    return failed({ code: 'PAGE_MALFORMED', message: 'cut short', retryable: true }, true);
  }
  const positionOf = (row: number | undefined) => api.positions[row ?? -1] ?? null;
  const batch: Batch = {
    ...{
      rowCount: rows.length,
      bodyBytes: 1000,
      rejects: { count: 0, places: new Uint32Array(0), reasons: [] },
      ...NO_BUFFERS,
    },
    isDescending: true,
    firstPosition: positionOf(rows[0]),
    lastPosition: positionOf(rows.at(-1)),
  };
  const scan = { scanMs: 1, scannedAtMs: nowMs(), buffers: null };
  return { type: 'page', taskId, head, batch: isHeadOnly ? null : batch, ...scan };
}

async function commit({ batch }: PageWrite): Promise<WriteResult> {
  await sleep(20);
  const { rowCount } = batch;
  return {
    ...{ type: 'committed', method: 'copy', isNew: true, writeMs: 20, buffers: NO_BUFFERS },
    committedAtMs: nowMs(),
    counts: {
      returned: rowCount,
      inserted: rowCount,
      updated: 0,
      duplicate: 0,
      known: 0,
      quarantined: 0,
    },
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A journal whose database takes everything. */
function journal(): RunJournal {
  const taken = async (): Promise<void> => {};
  return new RunJournal({
    run: 7,
    store: { setSourceFacts: taken, setLastError: taken },
    segments: {
      ...{ open: taken, split: taken, setBound: taken, end: taken, supersede: taken, give: taken },
      take: async () => ({ seeds: [], isThrough: false }),
      countAll: async () => ({ inserted: 0, known: 0, quarantined: 0 }),
    },
    reserveStarts: async () => ALONE,
    faultOf: (error) => {
      throw error;
    },
    onSegmentFault: () => {},
    onReaderFault: () => {},
  });
}

function contextOf({ log, conceal, redact, settle }: CapturedLog): CommandContext {
  const read = readConfig({ STATE_FILE: join(folder, 'state') }, {});
  if (!read.ok) throw new Error('the configuration is not usable');
  const nothing = (): void => {};
  return {
    ...{ config: read.config, log, conceal, redact, settleLog: settle },
    ...{ recentLog: null, isJson: true, lasting: null, slips: [] },
    ...{ say: nothing, sayComplete: nothing, json: nothing },
  };
}

function freshRun(): PreparedRun {
  const empty = {
    pages: 0,
    rows: 0,
    returned: 0,
    inserted: 0,
    updated: 0,
    duplicate: 0,
    differing: 0,
    quarantined: 0,
  };
  return {
    run: {
      ...{ run: 7, source: 'simulated', stream: 'events', origin: 'simulated', status: 'running' },
      ...{ tableName: 'ingested_events', tableKey: ['id'], replacedBy: null },
      ...{ startedAtMs: nowMs(), finishedAtMs: null, resumeAtMs: null, lastError: null },
      ...{
        firstRequestAtMs: null,
        sourceTotal: null,
        submission: null,
        deleted: null,
        missed: null,
        settings: {},
        warnings: [],
      },
    },
    pages: [],
    earliestMs: Number.POSITIVE_INFINITY,
    totals: empty,
    resumedFrom: null,
    segments: [{ segment: 1, after: null, bound: null }],
    plan: { gaps: [], restarts: false, isOrdered: true, canSeek: true, returned: 0 },
    children: null,
    earlierRun: null,
  };
}
