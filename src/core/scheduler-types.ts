/**
 * What goes into the scheduler and what comes out: plain values only, so that a simulation drives
 * the same function as the real loop.
 */
import type { Envelope } from '../paging/paging.js';
import type { Position } from '../paging/position.js';
import type { CommittedCounts, PageLink } from './committed-page.js';
import type { Fault } from './fault.js';
import type { LimitObservation } from './limit-headers.js';
import type { ReceivedCounts } from './received-records.js';
import type { SegmentSeed } from './segment.js';
import type { StartAnswer, StartRequest } from './start-reservation.js';

/** What deciding needs of an answer's head. Instants are epoch ms. */
export interface HeadFacts extends Envelope {
  readonly sentAtMs: number;
  readonly headAtMs: number;
  /** When the last byte of the body came. */
  readonly endAtMs: number;
  /** The answer's own date, by the server's clock; null: it has none. */
  readonly dateMs?: number | null;
  readonly bodyBytes: number;
  readonly limits: LimitObservation | null;
  /** The place that `nextCursor` points behind; null: it is opaque, or there is none. */
  readonly nextPosition: Position | null;
}

export type SchedulerEvent =
  | { readonly type: 'head'; readonly taskId: number; readonly head: HeadFacts }
  | {
      readonly type: 'scanned';
      readonly taskId: number;
      /** Records of the page, those that cannot be stored included. */
      readonly recordCount: number;
      /** The first and last row that have a position; null when none has. */
      readonly firstPosition: Position | null;
      readonly lastPosition: Position | null;
      /** See `Batch`. */
      readonly isDescending: boolean;
      readonly fingerprint?: string;
    }
  /** A head-only task is done; its head came before. */
  | { readonly type: 'refreshed'; readonly taskId: number }
  | {
      readonly type: 'failed';
      readonly taskId: number;
      readonly fault: Fault;
      /** Null when the request never left or its worker died. */
      readonly sentAtMs: number | null;
      readonly headAtMs: number | null;
      readonly dateMs?: number | null;
      readonly limits: LimitObservation | null;
    }
  | { readonly type: 'committed'; readonly taskId: number; readonly counts: CommittedCounts }
  | { readonly type: 'writeFailed'; readonly taskId: number; readonly fault: Fault }
  | { readonly type: 'startsReserved'; readonly answer: StartAnswer }
  /** Segments to be walked. `isThrough`: nothing of the run is left, here or elsewhere. */
  | { readonly type: 'seeded'; readonly seeds: readonly SegmentSeed[]; readonly isThrough: boolean }
  /** Another member has nothing to do: something is to be left to it. */
  | { readonly type: 'helpWanted' }
  /** Dead members hold segments, and no member is idle. */
  | { readonly type: 'leftBehind' }
  /** All that other members have left are ends that they wait to believe. The counts are of the whole run. */
  | { readonly type: 'othersTold'; readonly counts: ReceivedCounts }
  /** Finish what is in flight, start nothing. */
  | { readonly type: 'drain'; readonly outcome: RunOutcome };

export type SchedulerCommand =
  | {
      readonly type: 'fetch';
      readonly taskId: number;
      readonly segment: number;
      readonly page: number;
      readonly cursor: string | null;
      readonly limit: number;
      /** When the limits were asked, and granted it. Epoch ms. */
      readonly startMs: number;
      readonly isHeadOnly: boolean;
      /** Something waits for the next cursor: the head is wanted before the page is scanned. */
      readonly isHeadUrgent: boolean;
      /** A refusal there counts as the empty last page. @default false */
      readonly isBehindEnd?: boolean;
    }
  | (PageLink & {
      readonly type: 'write';
      readonly taskId: number;
      /** Rows behind it are left to another segment; null: none is. */
      readonly bound: Position | null;
    })
  /** The task's batch, if it ever comes, is not wanted. */
  | { readonly type: 'drop'; readonly taskId: number }
  | { readonly type: 'reserveStarts'; readonly request: StartRequest }
  /**
   * More segments are wanted. Answered when there are some, or when the run is through. With `isLeftBehind` only those
   * that dead members hold: answered at once, perhaps with none.
   */
  | { readonly type: 'seedsWanted'; readonly isLeftBehind: boolean }
  /** Segments are left to another member: nothing of them is under way. */
  | { readonly type: 'giveSegments'; readonly segments: readonly number[] }
  /** What other members have received is asked for. Answered when they are through. */
  | { readonly type: 'othersWanted' }
  | { readonly type: 'openSegment'; readonly seed: SegmentSeed }
  /** `segment` keeps what lies before `at`; the new one takes the rest. */
  | {
      readonly type: 'splitSegment';
      readonly segment: number;
      readonly at: Position;
      readonly newSegment: number;
    }
  | { readonly type: 'boundSegment'; readonly segment: number; readonly bound: Position | null }
  | { readonly type: 'endSegment'; readonly segment: number; readonly isSuperseded: boolean }
  /** For the log and the report; deciding is done. */
  | { readonly type: 'notice'; readonly notice: Notice }
  | { readonly type: 'finish'; readonly outcome: RunOutcome };

/** Something that was survived and that an operator may want to know, with where it happened. */
export interface Notice {
  /** Listed in docs/logs.md. */
  readonly event: string;
  readonly segment: number;
  readonly page: number;
  readonly message: string;
  readonly fault?: Fault;
}

/** How a run ends. */
export type RunOutcome =
  | { readonly status: 'complete' }
  | { readonly status: 'interrupted' }
  | { readonly status: 'paused'; readonly reason: string; readonly resumeAtMs: number | null }
  | { readonly status: 'failed'; readonly fault: Fault };
