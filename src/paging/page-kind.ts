/**
 * A kind of paging, as a source file names it: what a request for a page holds, and what its answer
 * says of the next one. Pure, and without memory: all that a walk needs stands in its cursors.
 */
import type { Paging, Way } from './paging.js';

/** What a page shows, for its kind of paging to say where it leads. */
export interface PageFacts {
  /** The answer's JSON; its records may be left out: their array is then empty. */
  readonly body: unknown;
  /** The text that `body` was parsed from. Numbers keep the digits that they came in only here. */
  bodyText(): string;
  /** The value of a header. @param name lower-case @returns null: absent; several: joined by commas */
  header(name: string): string | null;
  readonly recordCount: number;
  /** The JSON text of the last record, as it came; null: there is none. */
  lastRecordText(): string | null;
  /** Of all its records: the same of the same bytes; null: there is none. */
  fingerprint(): string | null;
  /** The URL that was asked for. */
  readonly url: string;
  /** What the page was asked with; null: the first. */
  readonly cursor: string | null;
  /** Records asked for; null: the request does not say. */
  readonly size: number | null;
  readonly status: number;
}

/** A value of a JSON body. */
export interface BodyValue {
  /** Path of names and indices, as json-path.ts reads it. */
  readonly path: string;
  /** The value as JSON text: a number in it may have more digits than a JavaScript number keeps. */
  readonly json: string;
}

/** What a request for a page adds to the stream's request. */
export interface RequestPart {
  /** Parameters, not percent-encoded; each takes the place of the stream's parameter of that name. */
  readonly query?: Readonly<Record<string, string>>;
  /** See body-values.ts. */
  readonly body?: readonly BodyValue[];
  /** The whole URL, absolute: in place of the stream's with its parameters. */
  readonly url?: string;
  /** Of a child: what the marks of its stream's request stand for, by the paths in the parent. */
  readonly parent?: Readonly<Record<string, unknown>>;
}

export interface PageKind {
  /** What the engine knows of it. */
  readonly paging: Paging;
  /** @param cursor null: the first page @param size records to ask for; null: as the file says */
  request(cursor: string | null, size: number | null): RequestPart;
  /** Where the page leads. `cursor` is text that request() takes, and that the ledger keeps. */
  next(seen: PageFacts): Way;
  /** Records that the walk comes to in all, as the page says; null: it does not. */
  totalOf(seen: PageFacts): number | null;
  /**
   * Where places can be computed: the ordinal of a page's nth record (from 0) in the stream, or of its
   * page where only pages can be asked for. `ordinalPlace` makes a place of it. Null: the kind has none.
   */
  readonly ordinalOf: ((cursor: string | null, nth: number) => number) | null;
  /**
   * The ordinal at which the stretch of a page starts, where its records have no place of their own. Absent:
   * the kind divides no stretch.
   */
  readonly startOf?: (cursor: string | null) => number;
  /**
   * The ordinal of the last record or page of the walk, as the page says it; null: it does not. Absent: the
   * kind has no ordinals.
   */
  readonly lastOrdinalOf?: (seen: PageFacts) => number | null;
  /**
   * Of a cursor that leads behind an end which the API has told, and which is doubted; null: it is none. Absent:
   * the kind doubts no end.
   */
  readonly looksBehindEnd?: (cursor: string | null) => LookBehindEnd | null;
  /** Whether its records lie behind the total that it tells. Absent: the kind reads no total. */
  readonly passesTotal?: (seen: PageFacts) => boolean;
  /**
   * What to ask for in place of a page that was refused with a status. Null, or absent: the kind knows
   * nothing better.
   */
  readonly refused?: (
    status: number,
    cursor: string | null,
  ) => Exclude<Way, { type: 'end' }> | null;
}

/** An empty page, a refusal of the place, or the page before it once more shows that the end is one. */
export interface LookBehindEnd {
  /** Of the page before it. */
  readonly fingerprint: string;
  /** Where the walk goes on then. */
  readonly way: Way;
}

export interface PageKindOptions {
  /** Life of a cursor, ms; null: it does not expire, as far as is known. */
  readonly cursorTtlMs: number | null;
  /** Epoch ms; what the word `now` of a time window means. Unset: no window ends now. */
  readonly nowMs?: number;
  /** Whether a record that comes again is known by its key. @default false */
  readonly knowsRows?: boolean;
  /** Parameters of the stream's request, which tell of its paging too. @default none */
  readonly params?: Readonly<Record<string, unknown>>;
  /** What is kept of a link of the API: cursors stand in the ledger. @default all of it */
  readonly keptLink?: (url: string) => string;
  /** JSONPath to a flag that is true in the last answer, inside a window in that of the window. @default none */
  readonly donePath?: string | null;
}
