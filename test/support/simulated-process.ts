/** A process of a simulated run at its start: the scheduler, as the program builds it from the ledger. */
import { DEFAULT_BACKOFF } from '../../src/core/backoff.js';
import { wholeChains } from '../../src/core/chains.js';
import { Credits } from '../../src/core/credits.js';
import { Frontier } from '../../src/core/frontier.js';
import type { LimitLog } from '../../src/core/limit-log.js';
import { Limiter } from '../../src/core/limiter.js';
import { PageSize } from '../../src/core/page-size.js';
import { planResume, type ResumePlan, type Stretch } from '../../src/core/resume.js';
import type { SchedulerOptions } from '../../src/core/run-context.js';
import { Scheduler } from '../../src/core/scheduler.js';
import type { SegmentSeed } from '../../src/core/segment.js';
import { SegmentFeed } from '../../src/core/segment-feed.js';
import { HeldBytes } from './held-bytes.js';
import { drawInteger, type Random } from './random.js';
import { PAGE_BYTES, type SimulatedApi } from './simulated-api.js';
import { earliestOf, type SimulatedLedger } from './simulated-ledger.js';

const PAGE_RECORDS_MIN = 3;

export interface SchedulerParts {
  readonly api: SimulatedApi;
  readonly random: Random;
  /** By its own clock. */
  readonly nowMs: number;
  /** Null: forgotten. */
  readonly savedLimits: LimitLog | null;
  /** As earlier processes were told. */
  readonly total: number | null;
  readonly creditBytesMax: number;
  readonly eventsMax: number | null;
  /** For segments that it opens itself. */
  readonly nextSegment: number;
  /** What it shares with other streams of the process; unset: it is the only one. */
  readonly shared?: Pick<SchedulerOptions, 'limiter' | 'starts' | 'nextTaskId' | 'credits'>;
  /** What the run reads; null: all. */
  readonly within: Stretch | null;
  /** Other members may work on the run. @default false */
  readonly isShared?: boolean;
}

/** Where the run stands, as the ledger has it. */
export interface StandingRun {
  readonly plan: ResumePlan;
  readonly pages: SimulatedLedger['pages'];
  readonly rowsDone: number;
}

export interface MadeScheduler {
  readonly scheduler: Scheduler;
  readonly limiter: Limiter;
  readonly held: HeldBytes;
}

export interface ProcessParts extends SchedulerParts {
  readonly ledger: SimulatedLedger;
}

export interface StartedProcess extends MadeScheduler {
  /** What it has planned; none of children. */
  readonly seeds: readonly SegmentSeed[];
}

export function startProcess(parts: ProcessParts): StartedProcess {
  const { api, ledger, nowMs, within, nextSegment } = parts;
  const { pages, rowsCounted: rowsDone } = ledger;
  const found = planResume(pages, { paging: api.paging, nowMs, within });
  const plan = api.parents === null ? found : ofChildren(found);
  const standing = { plan, pages, rowsDone };
  const seeds = plan.gaps.map((gap, index) => ({ ...gap, segment: nextSegment + index }));
  const own = { ...parts, nextSegment: nextSegment + seeds.length };
  return { ...makeScheduler(own, standing), seeds };
}

/** None of what is to be walked is known here. */
export function ofChildren(plan: ResumePlan): ResumePlan {
  return { ...plan, gaps: [], restarts: false, returned: 0 };
}

export function makeScheduler(
  parts: SchedulerParts,
  { plan, pages, rowsDone }: StandingRun,
): MadeScheduler {
  const { api, random, nowMs, savedLimits, total, creditBytesMax, eventsMax } = parts;
  const { paging } = api;
  const feed = new SegmentFeed({ ofChildren: api.parents !== null });
  const frontier = new Frontier(paging, { ...plan, earliestMs: earliestOf(pages), feed });
  if (!plan.isOrdered) frontier.joinCommitted(wholeChains(pages));
  const concurrency = drawInteger(random, 1, 6);
  const limiter = new Limiter({
    // What is assumed of an API that has said nothing yet: most have a shorter window.
    assumed: { quota: api.settings.quota ?? 10, windowMs: 60_000 },
    nowMs,
    ...(savedLimits === null ? {} : { log: savedLimits }),
  });
  const scheduler = new Scheduler({
    ...{ frontier, limiter },
    credits: new Credits({ bytesMax: creditBytesMax, expectedPageBytes: PAGE_BYTES }),
    ...parts.shared,
    pageSize: new PageSize(drawInteger(random, 5, 50), undefined, PAGE_RECORDS_MIN),
    ...{ concurrency, eventsMax, random },
    backoff: DEFAULT_BACKOFF,
    cursorThresholdMs: paging.cursorLifeMs / 2,
    nextSegment: parts.nextSegment,
    ...(parts.isShared === undefined ? {} : { isShared: parts.isShared }),
    rowsDone,
    earlierPages: api.parents === null ? pages : [],
    resume: plan,
    followsRuns: parts.within !== null,
    sourceTotal: total,
    quarantineShareMax: 1,
  });
  // A page that is in flight is judged by the size of those before.
  const held = new HeldBytes(creditBytesMax + concurrency * api.settings.pageBytesMax);
  return { scheduler, limiter, held };
}
