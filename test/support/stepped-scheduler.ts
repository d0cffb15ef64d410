/** A scheduler for tests that step it by hand. */
import { DEFAULT_BACKOFF } from '../../src/core/backoff.js';
import { Credits } from '../../src/core/credits.js';
import type { Fault } from '../../src/core/fault.js';
import { Frontier } from '../../src/core/frontier.js';
import type { LimitLog } from '../../src/core/limit-log.js';
import { Limiter } from '../../src/core/limiter.js';
import { PageSize } from '../../src/core/page-size.js';
import type { SchedulerOptions } from '../../src/core/run-context.js';
import { Scheduler } from '../../src/core/scheduler.js';
import type {
  HeadFacts,
  SchedulerCommand,
  SchedulerEvent,
} from '../../src/core/scheduler-types.js';
import { ALONE } from '../../src/core/start-reservation.js';
import type { LimitPolicy } from '../../src/core/token-bucket.js';
import { cursorChain } from '../../src/paging/cursor-chain.js';
import type { Paging } from '../../src/paging/paging.js';
import { type CursorCodec, placeCursor } from '../../src/paging/place-cursor.js';
import type { Position } from '../../src/paging/position.js';
import { limitsSaid } from './limits-said.js';

export const NOW_MS = 1_800_000_000_000;
/** All the starts that were asked for. */
export const RESERVED = { type: 'startsReserved', answer: ALONE } as const satisfies SchedulerEvent;
/** Cursors that only the API can read: a page's start is known when the page before is scanned. */
export const opaque = cursorChain({ cursorLifeMs: 120_000, order: 'newestFirst' });

/** Cursors that can be made for any place, as a source declares them. */
export function sought(write: CursorCodec['write'], cursorLifeMs = 120_000): Paging {
  return placeCursor({ cursorLifeMs, codec: { read: () => null, write } });
}

/** @param assumed what limits until an answer says so; null: nothing does */
export function limiterOf(assumed: LimitPolicy | null, log?: LimitLog): Limiter {
  return new Limiter({ assumed, nowMs: NOW_MS, ...(log === undefined ? {} : { log }) });
}

/** One segment behind such cursors. */
export function opaqueScheduler(limiter = limiterOf(null)): Scheduler {
  const frontier = new Frontier(opaque);
  frontier.add({ segment: 1, after: null, bound: null });
  return schedulerOver(frontier, limiter);
}

export function schedulerOver(
  frontier: Frontier,
  limiter = limiterOf(null),
  changes: Partial<SchedulerOptions> = {},
): Scheduler {
  return new Scheduler({
    frontier,
    limiter,
    credits: new Credits({ bytesMax: 1_000_000, expectedPageBytes: 1_000 }),
    pageSize: new PageSize(100),
    backoff: DEFAULT_BACKOFF,
    concurrency: 4,
    cursorThresholdMs: 60_000,
    eventsMax: null,
    nextSegment: 2,
    rowsDone: 0,
    quarantineShareMax: 1,
    random: () => 0.5,
    ...changes,
  });
}

/** The answer to a page of 100 records; more follow behind `nextCursor`. */
export const head = (nextCursor: string, nextPosition: Position | null = null): HeadFacts => ({
  sentAtMs: NOW_MS,
  headAtMs: NOW_MS,
  endAtMs: NOW_MS,
  bodyBytes: 1_000,
  limits: null,
  nextCursor,
  nextPosition,
  hasMore: true,
  cursorExpiresInMs: null,
  limit: 100,
  returned: 100,
  total: null,
});

/** The tasks of the pages that are asked for. */
export const fetches = (commands: readonly SchedulerCommand[]) =>
  commands.flatMap((command) => (command.type === 'fetch' ? [command.taskId] : []));

/** A page of 100 records is scanned; its rows begin and end at one place. */
export const scanned = (taskId: number, place: Position): SchedulerEvent => ({
  type: 'scanned',
  ...{ taskId, recordCount: 100, firstPosition: place, lastPosition: place },
  isDescending: true,
});

/** A page failed after its head had come. */
export const failed = (taskId: number, fault: Fault, atMs = NOW_MS): SchedulerEvent => ({
  type: 'failed',
  ...{ taskId, fault, sentAtMs: atMs, headAtMs: atMs },
  limits:
    fault.retryAfterMs === undefined ? null : limitsSaid({ retryAfterMs: fault.retryAfterMs }),
});
