/**
 * What the probes see, as plain values: nothing here judges. findings/ turns it into findings.
 */
import type { Fault } from '../core/fault.js';
import type { LimitObservation } from '../core/limit-headers.js';
import type { Envelope } from '../paging/paging.js';
import type { Position } from '../paging/position.js';
import type { Subject } from './subject.js';

/** One answer with what can be said of it without knowing the API. Instants are epoch ms. */
export interface Answer {
  readonly bucket: string;
  readonly status: number;
  /** Names in lower case; one that came more than once is joined with commas. */
  readonly headers: Readonly<Record<string, string>>;
  readonly sentAtMs: number;
  readonly headAtMs: number;
  readonly endAtMs: number;
  /** As received, and after decompression. */
  readonly wireBytes: number;
  readonly bodyBytes: number;
  readonly limits: LimitObservation | null;
  /** Whether no other request of ours was in flight at any time. */
  readonly isAlone: boolean;
  readonly acceptedGzip: boolean;
}

/** What became of a request. @template Seen what its answer holds */
export type Asked<Seen> =
  | { readonly type: 'answer'; readonly answer: Answer; readonly seen: Seen }
  | { readonly type: 'fault'; readonly fault: Fault; readonly answer: Answer | null }
  /** The budget is spent: nothing was sent. */
  | { readonly type: 'overBudget' };

/** What an answer that is a page holds. */
export interface PageRead {
  /** Its form in a word, and how that shows. */
  readonly shape: { readonly name: string; readonly detail: string };
  readonly envelope: Envelope;
  /** As they came; what cannot be stored is undefined. */
  readonly records: readonly unknown[];
  /** By record, in page order; null where key or time are not readable. */
  readonly positions: readonly (Position | null)[];
  /** By record: what tells it from all others. Its key, or all of it; empty: it cannot be stored. */
  readonly marks: readonly string[];
}

/** A page, how it was asked for, and its answer. */
export interface PageSeen extends Omit<PageRead, 'records'> {
  readonly answer: Answer;
  /** Null: from the start. */
  readonly askedCursor: string | null;
  /** The size asked for; null: none was. */
  readonly askedLimit: number | null;
  readonly isCompressed: boolean;
  readonly recordCount: number;
  /** The distance from the newest row in time at which it was sought; null: not sought. */
  readonly soughtDepthMs: number | null;
}

/** A list beside the pages: sessions, metrics. */
export interface ListSeen {
  readonly name: string;
  /** Null: the request failed; the fault says how. */
  readonly answer: Answer | null;
  readonly fault: Fault | null;
  readonly total: number | null;
  readonly recordCount: number;
  readonly fields: readonly string[];
  /** Own starts in the bucket of the pages when this list was first asked. */
  readonly pageStartsInWindow: number;
}

/** One start in a bucket and what its answer said; the material of the window inference. */
export interface StartSeen {
  readonly sentAtMs: number;
  /** Null: no answer came. */
  readonly headAtMs: number | null;
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly limits: LimitObservation | null;
}

export type SeekOutcome =
  | { readonly type: 'exact'; readonly comparedRows: number }
  | { readonly type: 'wrong'; readonly reason: string }
  | { readonly type: 'opaque' }
  | { readonly type: 'untried' };

export interface TogetherOutcome {
  /** Requests at once. */
  readonly count: number;
  /** From the first start to the last end. */
  readonly elapsedMs: number;
  readonly latenciesMs: readonly number[];
  /** Share of the elapsed time in which all were under way. */
  readonly overlap: number;
}

export type LifetimeOutcome =
  | { readonly type: 'untried' }
  /** Asked `aliveAfterMs` after its start with success, and refused `deadAfterMs` after it. */
  | {
      readonly type: 'waited';
      readonly aliveAfterMs: number | null;
      readonly deadAfterMs: number | null;
    };

export type RefusalOutcome =
  | { readonly type: 'untried' }
  | { readonly type: 'notRefused'; readonly requests: number }
  | {
      readonly type: 'refused';
      readonly refused: number;
      /** Accepted starts that the server must still have logged when it was asked again. */
      readonly acceptedInWindow: number;
      readonly quota: number | null;
      /** What it then said is left, itself counted; null: it did not say. */
      readonly remainingAfter: number | null;
      readonly retryAfterMs: number | null;
    };

/** The page that should end what the API says it has. */
export interface FarPage {
  readonly page: PageSeen;
  /** Records that must be in it, if that is true; null: any number. */
  readonly expected: number | null;
}

/** Everything that was seen; filled by the probes, read by the findings. */
export interface Notebook {
  readonly subject: Subject;
  /** The description that the API gives of itself; null: none came. */
  manifest: Readonly<Record<string, unknown>> | null;
  readonly pages: PageSeen[];
  readonly census: RecordCensus;
  /** Records of the largest page, as they came. */
  sample: readonly unknown[];
  /** By bucket, in order of sending; starts of earlier processes have no answer. */
  readonly starts: Map<string, StartSeen[]>;
  /** Starts of earlier processes, from the saved log of the pages' bucket. */
  earlierStartsMs: readonly number[];
  readonly lists: ListSeen[];
  /** A page size that was refused instead of being cut. */
  refusedLimit: number | null;
  seek: SeekOutcome;
  /** Where places are counted; null: it was not asked for. */
  far: FarPage | null;
  readonly together: TogetherOutcome[];
  lifetime: LifetimeOutcome;
  refusal: RefusalOutcome;
  /** Requests for pages that failed, by what happened. */
  readonly faults: Fault[];
  /** What was left out, and why: told beside the finding that lacks it. */
  readonly skipped: Map<string, string>;
}

/** Counts over all records that were read. */
export interface RecordCensus {
  records: number;
  /** Records that are no objects. */
  nonObjects: number;
  /** Without a part of the key, or the whole of it. */
  withoutId: number;
  readonly idForms: Map<string, number>;
  readonly fields: Map<string, FieldCensus>;
  readonly timestampForms: Map<string, TimestampForm>;
}

export interface FieldCensus {
  count: number;
  /** By JSON type; `uuid`, `ISO 8601` for texts of those forms. */
  readonly types: Map<string, number>;
}

export interface TimestampForm {
  count: number;
  isReadable: boolean;
  /** How often the record's place in the page has each remainder modulo 3. */
  readonly byPlace: [number, number, number];
}
