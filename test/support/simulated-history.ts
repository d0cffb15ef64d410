/** What a simulated history is told, and what it tells. */
import type { RunOutcome } from '../../src/core/scheduler-types.js';
import { drawInteger, type Random } from './random.js';
import { SimulatedApi } from './simulated-api.js';
import { type ApiSettings, PAGE_BYTES } from './simulated-api-settings.js';
import { ChildrenApi } from './simulated-children-api.js';
import { CountedApi, type Counting } from './simulated-counted-api.js';
import type { Sorting, TieOrder } from './simulated-source.js';
import { WindowedApi } from './simulated-windowed-api.js';

export interface HistorySettings {
  readonly seed: number;
  readonly crashes: number;
  readonly faultShare: number;
  /**
   * What can end a process before its run is through: a page whose body fails for long, writes that
   * the database refuses, an operator who stops it, `--max-events`. It is then started again.
   */
  readonly hardships?: boolean;
  /** Sets the program's clock forth or back between processes. @default true */
  readonly clockSteps?: boolean;
  /** The database takes minutes for its first pages; drawn, if unset. */
  readonly isSlow?: boolean;
  /** Most rows share their instant with others, in another order than by descending id. */
  readonly manyTies?: boolean;
  /** The source is newest first, as it declares, and does not change. @default drawn */
  readonly isSteady?: boolean;
  /**
   * Pages are asked for by the number of records or pages before them, by spans of time, or by the rows of a
   * parent. @default by cursors
   */
  readonly counts?: Counting | 'windows' | 'children';
  /** So many follow one another over a source that is newest first and grows: all but the first read what is new. @default 1 */
  readonly runs?: number;
  /** No row is added to it. @default false */
  readonly isStill?: boolean;
  /** The API's cursors lead in a circle, so that the run has to fail. @default false */
  readonly loops?: boolean;
  /** Breaks the program on purpose, so that a control test can see the properties fail. */
  readonly sabotage?: 'losesCommits' | 'forgetsLimits' | 'keepsClock' | 'writesUnfenced';
}

export interface History {
  readonly outcome: RunOutcome;
  /** How often each row that was there at the start was written by a page, duplicates included. */
  readonly writes: readonly number[];
  /** Rows in the table. */
  readonly stored: number;
  readonly refused: number;
  /** The fullest window that the server saw, against its quota. */
  readonly fullestWindow: number;
  /** Null: without limit. */
  readonly quota: number | null;
  /** The most bytes that were held beyond credits and what was in flight; 0: never. */
  readonly heldBytesOver: number;
  readonly tipsInFlightMax: number;
  /** Of all runs, each at its end. */
  readonly gapsAtEnd: number;
  /** Children that were asked for though a process before had committed all of their pages. */
  readonly askedAgain: number;
  /** That another one has followed before they were complete. */
  readonly runsLeft: number;
  readonly steps: number;
  /** The same, as the ledger is counted. */
  readonly counted: number;
  /** Of the last run. */
  readonly pagesOfLast: number;
  /** What `verify` finds at the end. */
  readonly differences: readonly string[];
}

/** The API of a history. */
export function openApi(settings: HistorySettings, random: Random): SimulatedApi {
  return openApiOf(drawApi(random, settings), settings.counts, random);
}

/** As it was drawn. */
export function openApiOf(
  drawn: ApiSettings,
  counts: HistorySettings['counts'] | undefined,
  random: Random,
): SimulatedApi {
  if (counts === undefined) return new SimulatedApi(drawn, random);
  if (counts === 'children') return new ChildrenApi(drawn, random);
  return counts === 'windows'
    ? new WindowedApi(drawn, random)
    : new CountedApi(drawn, random, counts);
}

/** An API as it may be met: any limit, any latency, cursors that can be built, read, or neither. */
export function drawApi(
  random: Random,
  settings: Omit<HistorySettings, 'seed' | 'crashes'>,
): ApiSettings {
  const { faultShare, loops = false, manyTies = false, isSteady = false } = settings;
  const windowMs = drawInteger(random, 1, 60) * 1000;
  const isRead = (settings.runs ?? 1) > 1;
  const sorting = isSteady || manyTies || loops || isRead ? 'newestFirst' : drawSorting(random);
  // What shows no instant has cursors that name none.
  const isOpaque = loops || random() < 0.3 || sorting === 'untimed';
  const isDeclared = isSteady || isRead || random() < 0.8;
  const isStill = isSteady || settings.isStill === true;
  const growthShare = isStill || random() < (isRead ? 0.3 : 0.8) ? 0 : random() * 0.1;
  const repeatShare = isSteady || isRead || random() < 0.8 ? 0 : random() * 0.2;
  const seeks = random() < 0.8 ? 'true' : random() < 0.5 ? 'refused' : 'ignored';
  const canSeek = !isOpaque && seeks === 'true' && isDeclared && sorting === 'newestFirst';
  // Without a limit the latency decides how many chains are of use.
  const quota = random() < 0.3 ? null : drawInteger(random, canSeek ? 1 : 4, 12);
  // What cannot be built must outlive a whole window and some faults: else no client can walk. Where
  // no answer tells of a limit, faults that look like refusals silence a client for two minutes.
  const lifeMinMs = canSeek ? 20_000 : windowMs + (quota === null ? 130_000 : 60_000);
  // What the order of such a source hides only a total tells.
  const isFlat = sorting !== 'shards' && random() < 0.2;
  const rows = drawInteger(random, 0, 400);
  return {
    rows: loops ? rows + 100 : rows,
    ...{ sorting, isDeclared, growthShare, repeatShare, growsAtStart: isRead },
    pageCap: drawInteger(random, 5, 40),
    quota,
    windowMs,
    cursorTtlMs: lifeMinMs + drawInteger(random, 0, 100_000),
    isStable: !loops && random() < 0.2,
    isOpaque,
    seeks,
    isFlat,
    tieOrder: manyTies ? 'ascending' : drawTieOrder(random),
    tieShare: manyTies ? 0.7 : 0.1,
    // Where neither count nor place is told, or places say nothing, no client can ask for the same page
    // again.
    shortShare:
      (isFlat && (isOpaque || !isDeclared)) || sorting === 'shards'
        ? 0
        : random() < 0.3
          ? random() * 0.5
          : 0,
    pageBytesMax: random() < 0.5 ? PAGE_BYTES : drawInteger(random, 1, 20) * PAGE_BYTES,
    // Without a total, or where records count twice, an end is what the API says it is.
    falseEndShare: isFlat || repeatShare > 0 ? 0 : faultShare / 10,
    loopsFromRow: loops ? drawInteger(random, 0, 50) : null,
    clockSkewMs: random() < 0.3 ? drawInteger(random, -3_600_000, 3_600_000) : 0,
    faultShare,
    latencyMs: drawInteger(random, 5, 5000),
  };
}

function drawSorting(random: Random): Sorting {
  if (random() < 0.7) return 'newestFirst';
  return (['ascending', 'shards', 'none', 'untimed'] as const)[drawInteger(random, 0, 3)] ?? 'none';
}

function drawTieOrder(random: Random): TieOrder {
  if (random() < 0.6) return 'descending';
  return random() < 0.5 ? 'ascending' : 'none';
}

/** What a user starts again: a pause, a stop, or a failure that was bad luck. */
export function isResumable(outcome: RunOutcome, hasHardships: boolean): boolean {
  if (outcome.status !== 'failed') return outcome.status !== 'complete';
  const { code } = outcome.fault;
  // A page that breaks for longer than opaque cursors live ends each walk over it.
  if (code === 'CURSOR_EXPIRED') return hasHardships;
  return code === 'WORKER_DIED' || code === 'DATABASE_UNAVAILABLE';
}
