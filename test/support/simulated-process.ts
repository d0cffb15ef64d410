/** A process of a simulated run at its start: the scheduler, as the program builds it from the ledger. */
import { DEFAULT_BACKOFF } from '../../src/core/backoff.js';
import { wholeChains } from '../../src/core/chains.js';
import { Credits } from '../../src/core/credits.js';
import { Frontier } from '../../src/core/frontier.js';
import type { LimitLog } from '../../src/core/limit-log.js';
import { Limiter } from '../../src/core/limiter.js';
import { PageSize } from '../../src/core/page-size.js';
import { planResume, type Stretch } from '../../src/core/resume.js';
import type { SchedulerOptions } from '../../src/core/run-context.js';
import { Scheduler } from '../../src/core/scheduler.js';
import type { SegmentSeed } from '../../src/core/segment.js';
import { SegmentFeed } from '../../src/core/segment-feed.js';
import { HeldBytes } from './held-bytes.js';
import { drawInteger, type Random } from './random.js';
import { PAGE_BYTES, type SimulatedApi } from './simulated-api.js';
import type { SimulatedLedger } from './simulated-ledger.js';

const PAGE_RECORDS_MIN = 3;

export interface ProcessParts {
  readonly api: SimulatedApi;
  readonly ledger: SimulatedLedger;
  readonly random: Random;
  /** By its own clock. */
  readonly nowMs: number;
  /** Null: forgotten. */
  readonly savedLimits: LimitLog | null;
  /** As earlier processes were told. */
  readonly total: number | null;
  readonly creditBytesMax: number;
  readonly eventsMax: number | null;
  readonly nextSegment: number;
  /** What it shares with other streams of the process; unset: it is the only one. */
  readonly shared?: Pick<SchedulerOptions, 'limiter' | 'starts' | 'nextTaskId' | 'credits'>;
  /** What the run reads; null: all. */
  readonly within: Stretch | null;
}

export interface StartedProcess {
  readonly scheduler: Scheduler;
  readonly held: HeldBytes;
  /** What it has planned; none of children. */
  readonly seeds: readonly SegmentSeed[];
}

export function startProcess(parts: ProcessParts): StartedProcess {
  const { api, ledger, random, nowMs, savedLimits, total, creditBytesMax, eventsMax } = parts;
  const { paging } = api;
  const { pages, earliestMs } = ledger;
  const ofChildren = api.parents !== null;
  const found = planResume(pages, { paging, nowMs, within: parts.within });
  const plan = ofChildren ? { ...found, gaps: [], restarts: false, returned: 0 } : found;
  const feed = new SegmentFeed({ ofChildren });
  const frontier = new Frontier(paging, { ...plan, earliestMs, feed });
  if (!plan.isOrdered) frontier.joinCommitted(wholeChains(pages));
  const seeds = plan.gaps.map((gap, index) => ({ ...gap, segment: parts.nextSegment + index }));
  const concurrency = drawInteger(random, 1, 6);
  const scheduler = new Scheduler({
    frontier,
    limiter: new Limiter({
      // What is assumed of an API that has said nothing yet: most have a shorter window.
      assumed: { quota: api.settings.quota ?? 10, windowMs: 60_000 },
      nowMs,
      ...(savedLimits === null ? {} : { log: savedLimits }),
    }),
    credits: new Credits({ bytesMax: creditBytesMax, expectedPageBytes: PAGE_BYTES }),
    ...parts.shared,
    pageSize: new PageSize(drawInteger(random, 5, 50), undefined, PAGE_RECORDS_MIN),
    ...{ concurrency, eventsMax, random },
    backoff: DEFAULT_BACKOFF,
    cursorThresholdMs: paging.cursorLifeMs / 2,
    nextSegment: parts.nextSegment + plan.gaps.length,
    rowsDone: ledger.rowsCounted,
    earlierPages: ofChildren ? [] : pages,
    resume: plan,
    followsRuns: parts.within !== null,
    sourceTotal: total,
    quarantineShareMax: 1,
  });
  // A page that is in flight is judged by the size of those before.
  const held = new HeldBytes(creditBytesMax + concurrency * api.settings.pageBytesMax);
  return { scheduler, held, seeds };
}
