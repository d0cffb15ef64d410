/**
 * Forecast: the duration of a whole ingestion, found by letting the real scheduler run against an API
 * that behaves as measured, in simulated time.
 *
 * A formula would have to repeat what the scheduler does about bursts, segments and what is in
 * flight, and would be wrong as soon as the scheduler changed. Very long runs are simulated for their
 * first pages only; the rest goes on at the pace that was reached.
 */
import { DEFAULT_BACKOFF } from '../core/backoff.js';
import { Credits } from '../core/credits.js';
import { Frontier } from '../core/frontier.js';
import { limitStatement } from '../core/limit-statement.js';
import { Limiter } from '../core/limiter.js';
import { PageSize } from '../core/page-size.js';
import { Scheduler } from '../core/scheduler.js';
import type { SchedulerCommand, SchedulerEvent } from '../core/scheduler-types.js';
import { ALONE } from '../core/start-reservation.js';
import type { LimitPolicy } from '../core/token-bucket.js';
import { cursorChain } from '../paging/cursor-chain.js';
import type { Paging } from '../paging/paging.js';
import { placeCursor } from '../paging/place-cursor.js';
import type { Position } from '../paging/position.js';

export interface ForecastSettings {
  readonly records: number;
  /** Records a page. */
  readonly pageRecords: number;
  /** Of a page of that size; drawn in turn. At least one. */
  readonly latenciesMs: readonly number[];
  /** Null: answers name no limit. */
  readonly policy: LimitPolicy | null;
  /** In force until answers say otherwise. */
  readonly assumedPolicy: LimitPolicy | null;
  readonly canSeek: boolean;
  readonly cursorLifeMs: number;
  readonly bytesPerRecord: number;
  /** What this machine reads and writes a second, with all its connections. */
  readonly recordsPerSecond: number;
  readonly concurrency: number;
  readonly creditBytes: number;
  readonly reserve: number;
  readonly cursorThresholdMs: number;
}

export type Bound = 'limit' | 'latency' | 'machine';

export interface Forecast {
  readonly durationMs: number;
  readonly pages: number;
  readonly requests: number;
  readonly boundBy: Bound;
  /** Requests in flight at most. */
  readonly inFlightMax: number;
  readonly segmentsMax: number;
}

/** Simulated in full up to here; an hour of the live API is 600. */
const PAGES_MAX = 5_000;
/** Worker threads, connections, first hand-shakes: measured once, before the first request leaves. */
const START_MS = 150;
/** Enough to see what binds. */
const PAGES_COMPARED = 300;
const PLENTY: LimitPolicy = { quota: 1_000, windowMs: 1_000 };
/** A start is reserved in the database before it happens. */
const RESERVE_MS = 5;
const COMMIT_MS = 8;
const ROW_MS = 1_000;
const NEWEST_MS = 1_700_000_000_000;

export function forecast(settings: ForecastSettings): Forecast {
  const pages = Math.max(1, Math.ceil(settings.records / settings.pageRecords));
  if (pages <= PAGES_MAX) return { ...new Rehearsal(settings).play(), boundBy: boundOf(settings) };
  const records = PAGES_MAX * settings.pageRecords;
  const whole = new Rehearsal({ ...settings, records }).play();
  const half = new Rehearsal({ ...settings, records: records / 2 }).play();
  const msPerPage = (whole.durationMs - half.durationMs) / (whole.pages - half.pages);
  const rest = pages - whole.pages;
  return {
    ...whole,
    durationMs: whole.durationMs + rest * msPerPage,
    pages,
    requests: whole.requests + rest,
    boundBy: boundOf(settings),
  };
}

/** What the run would gain most from being without. */
function boundOf(settings: ForecastSettings): Bound {
  const records = Math.min(settings.records, PAGES_COMPARED * settings.pageRecords);
  const without = (change: Partial<ForecastSettings>) =>
    new Rehearsal({ ...settings, records, ...change }).play().durationMs;
  const durations = {
    limit: without({ policy: null, assumedPolicy: PLENTY }),
    latency: without({ latenciesMs: [0] }),
    machine: without({ recordsPerSecond: Number.MAX_SAFE_INTEGER }),
  };
  const shortest = Math.min(...Object.values(durations));
  if (durations.limit <= shortest) return 'limit';
  return durations.latency <= shortest ? 'latency' : 'machine';
}

/** One ingestion in simulated time. Row r is at NEWEST_MS - r × ROW_MS. */
class Rehearsal {
  readonly #settings: ForecastSettings;
  readonly #scheduler: Scheduler;
  readonly #queue: { readonly atMs: number; readonly event: SchedulerEvent | null }[] = [];
  readonly #starts: number[] = [];
  readonly #rowsOf = new Map<number, number>();
  #nowMs = 0;
  #writerFreeMs = 0;
  #pages = 0;
  #inFlight = 0;
  #inFlightMax = 0;
  #segments = 1;
  #isFinished = false;

  constructor(settings: ForecastSettings) {
    this.#settings = settings;
    const { pageRecords, bytesPerRecord, policy, assumedPolicy, reserve } = settings;
    const frontier = new Frontier(pagingOf(settings));
    frontier.add({ segment: 0, after: null, bound: null });
    this.#scheduler = new Scheduler({
      frontier,
      limiter: new Limiter({ assumed: policy ?? assumedPolicy, reserve, nowMs: 0 }),
      credits: new Credits({
        bytesMax: settings.creditBytes,
        expectedPageBytes: pageRecords * bytesPerRecord,
      }),
      pageSize: new PageSize(pageRecords),
      backoff: DEFAULT_BACKOFF,
      concurrency: settings.concurrency,
      cursorThresholdMs: Math.min(settings.cursorThresholdMs, settings.cursorLifeMs / 2),
      eventsMax: null,
      // A quota of a day is waited for here, where that takes no time.
      waitMsMax: Number.POSITIVE_INFINITY,
      nextSegment: 1,
      rowsDone: 0,
      quarantineShareMax: 1,
      random: () => 0.5,
    });
  }

  play(): Omit<Forecast, 'boundBy'> {
    let inbox: SchedulerEvent[] = [];
    while (!this.#isFinished) {
      for (const command of this.#scheduler.step(inbox, this.#nowMs)) this.#execute(command);
      if (this.#isFinished) break;
      this.#queue.sort((a, b) => a.atMs - b.atMs);
      const nextMs = Math.min(this.#queue[0]?.atMs ?? Infinity, this.#scheduler.wakeAtMs);
      if (!Number.isFinite(nextMs)) break;
      this.#nowMs = Math.max(this.#nowMs, nextMs);
      inbox = [];
      while ((this.#queue[0]?.atMs ?? Infinity) <= this.#nowMs) {
        const event = this.#queue.shift()?.event;
        if (event?.type === 'head') this.#inFlight--;
        if (event != null) inbox.push(event);
      }
    }
    return {
      durationMs: START_MS + this.#nowMs,
      pages: this.#pages,
      requests: this.#starts.length,
      inFlightMax: this.#inFlightMax,
      segmentsMax: this.#segments,
    };
  }

  #execute(command: SchedulerCommand): void {
    switch (command.type) {
      case 'fetch':
        return this.#fetch(command);
      case 'write': {
        const rows = this.#rowsOf.get(command.taskId) ?? 0;
        const startMs = Math.max(this.#nowMs, this.#writerFreeMs);
        this.#writerFreeMs = startMs + (rows / this.#settings.recordsPerSecond) * 1000;
        const counts = {
          returned: rows,
          inserted: rows,
          updated: 0,
          duplicate: 0,
          known: 0,
          quarantined: 0,
        };
        this.#pages++;
        const { taskId } = command;
        return this.#at(this.#writerFreeMs + COMMIT_MS, { type: 'committed', taskId, counts });
      }
      case 'reserveStarts':
        return this.#at(this.#nowMs + RESERVE_MS, { type: 'startsReserved', answer: ALONE });
      case 'splitSegment':
        this.#segments++;
        return;
      case 'finish':
        this.#isFinished = true;
        return;
      default:
        return;
    }
  }

  #fetch({
    taskId,
    cursor,
    limit,
    isHeadOnly,
  }: Extract<SchedulerCommand, { type: 'fetch' }>): void {
    const { records, latenciesMs, bytesPerRecord, pageRecords, canSeek } = this.#settings;
    const sentAtMs = this.#nowMs;
    const latencyMs = latenciesMs[this.#starts.length % latenciesMs.length] ?? 0;
    this.#starts.push(sentAtMs);
    const start = cursor === null ? 0 : rowBehind(cursor);
    const end = Math.min(records, start + Math.min(limit, pageRecords));
    const hasMore = end < records;
    const rows = Math.max(0, end - start);
    this.#inFlightMax = Math.max(this.#inFlightMax, ++this.#inFlight);
    const headAtMs = sentAtMs + latencyMs;
    this.#at(headAtMs, {
      type: 'head',
      taskId,
      head: {
        sentAtMs,
        headAtMs,
        endAtMs: headAtMs,
        bodyBytes: rows * bytesPerRecord,
        limits: this.#limits(sentAtMs),
        nextCursor: hasMore ? cursorAt(end) : null,
        nextPosition: hasMore && canSeek ? positionOf(end - 1) : null,
        hasMore,
        cursorExpiresInMs: null,
        limit: pageRecords,
        returned: rows,
        total: records,
      },
    });
    if (isHeadOnly) return this.#at(headAtMs, { type: 'refreshed', taskId });
    this.#rowsOf.set(taskId, rows);
    const [first, last] = rows === 0 ? [null, null] : [positionOf(start), positionOf(end - 1)];
    const positions = { firstPosition: first, lastPosition: last, isDescending: true };
    this.#at(headAtMs + 1, { type: 'scanned', taskId, recordCount: rows, ...positions });
  }

  #limits(atMs: number) {
    const { policy } = this.#settings;
    if (policy === null) return null;
    const logged = this.#starts.filter((startMs) => startMs > atMs - policy.windowMs).length;
    const remaining = Math.max(0, policy.quota - logged);
    return {
      limits: [limitStatement({ name: 'forecast', ...policy, remaining })],
      retryAfter: null,
    };
  }

  #at(atMs: number, event: SchedulerEvent): void {
    this.#queue.push({ atMs, event });
  }
}

function positionOf(row: number): Position {
  return { ms: NEWEST_MS - row * ROW_MS, id: '00000000-0000-4000-8000-000000000000' };
}

/** The cursor behind the row before `row`: what is left begins at `row`. */
function cursorAt(row: number): string {
  return `${row}`;
}

function rowBehind(cursor: string): number {
  return Number(cursor);
}

function pagingOf({ canSeek, cursorLifeMs }: ForecastSettings): Paging {
  if (!canSeek) return cursorChain({ cursorLifeMs, order: 'newestFirst' });
  const codec = {
    read: () => null,
    write: ({ ms }: Position) => cursorAt(Math.floor((NEWEST_MS - ms) / ROW_MS) + 1),
  };
  return placeCursor({ cursorLifeMs, codec });
}
