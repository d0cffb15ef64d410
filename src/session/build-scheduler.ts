/** The scheduler of a session, from its configuration, what was explored, and where the run stands. */
import type { Config } from '../config/config.js';
import { DEFAULT_BACKOFF } from '../core/backoff.js';
import { wholeChains } from '../core/chains.js';
import type { Credits } from '../core/credits.js';
import { Frontier } from '../core/frontier.js';
import { PageSize } from '../core/page-size.js';
import { Scheduler } from '../core/scheduler.js';
import { SegmentFeed } from '../core/segment-feed.js';
import { tableOf } from '../postgres/stream-table.js';
import type { Source } from '../source/source.js';
import type { SessionLimits } from './open-limits.js';
import type { SessionParts } from './session-parts.js';

const EXPECTED_BYTES_PER_EVENT = 380;

export interface BuiltScheduler {
  readonly scheduler: Scheduler;
  /** Its part of those of the process. */
  readonly credits: Credits;
}

export function buildScheduler(
  {
    context,
    source: { spec: source },
    prepared,
    share,
    shared,
  }: Pick<SessionParts, 'context' | 'source' | 'prepared' | 'share' | 'shared'>,
  { limiter, starts, hints, concurrency }: SessionLimits,
): BuiltScheduler {
  const { config } = context;
  const { plan, pages, earliestMs } = prepared;
  const feed = new SegmentFeed({ ofChildren: prepared.children !== null });
  const frontier = new Frontier(source.paging, { ...plan, earliestMs, feed });
  if (!plan.isOrdered) frontier.joinCommitted(wholeChains(pages));
  const largestPage = config.pageLimit ?? source.pageLimitMax;
  const firstPage = Math.min(largestPage, hints.pageLimit ?? largestPage);
  const credits = shared.credits.join(
    firstPage * (hints.bytesPerRecord ?? EXPECTED_BYTES_PER_EVENT),
  );
  const scheduler = new Scheduler({
    frontier,
    limiter,
    ...(starts === undefined ? {} : { starts }),
    nextTaskId: shared.nextTaskId,
    credits,
    pageSize: new PageSize(largestPage, firstPage),
    backoff: {
      ...DEFAULT_BACKOFF,
      maxRetries: config.maxRetries,
      pauseMs: config.retryPauseMs,
    },
    concurrency: Math.min(config.concurrency, concurrency ?? config.concurrency),
    cursorThresholdMs: cursorThreshold(config, source),
    eventsMax: config.eventsMax,
    nextSegment: share.firstSegment,
    isShared: config.redisUrl !== null,
    rowsDone: prepared.totals.rows,
    earlierPages: pages,
    resume: plan,
    followsRuns: source.pass.type === 'incremental' && source.within !== null,
    sourceTotal: prepared.run.sourceTotal,
    quarantineShareMax: config.quarantineLimit,
    quarantineBefore: prepared.totals,
    knowsRows: tableOf(source.target).key.length > 0,
    random: Math.random,
  });
  return { scheduler, credits };
}

/** A threshold of half a cursor's life or more would rebuild every one of them. */
function cursorThreshold(config: Config, source: Source): number {
  return Math.min(config.cursorThresholdMs, source.paging.cursorLifeMs / 2);
}
