/** How the pages of a source file's stream are read. */
import type { Fault } from '../core/fault.js';
import type { LimitStatement } from '../core/limit-headers.js';
import type { PathStep } from '../paging/json-path.js';
import type { PageKind } from '../paging/page-kind.js';
import type { Way } from '../paging/paging.js';
import type { CursorPlace } from '../protocol/record-target.js';
import type { CursorValue } from './cursor-value.js';
import type { RecordSource, Refusal } from './source.js';

/** An answer as the rules of a file see it. */
export interface SeenAnswer {
  readonly status: number;
  /** Parsed, without its records; undefined: no JSON. */
  readonly json: unknown;
  /** The body; of a page, without its records. */
  readonly text: string;
  /** @param name lower-case @returns null: absent */
  header(name: string): string | null;
}

/** The values by which an incremental stream goes on. */
export interface CursorReading extends CursorPlace {
  /** The walk ends at a page of older records; null: at the end that the API tells. */
  readonly from: CursorValue | null;
}

export interface RecordReading {
  /** Whose answers they are, for messages. */
  readonly source: Pick<RecordSource, 'name' | 'addressSetting' | 'codec'>;
  /** To the records; null: each page shows it. */
  readonly selector: readonly PathStep[] | null;
  readonly kind: PageKind;
  /** A key is read from each record, or members are added to it. */
  readonly needsObjects: boolean;
  /** Members that each record of the page gets, as JSON text without braces; empty: none. */
  addedTo(cursor: string | null): string;
  /** Whose child the page is, for messages; null: its stream stands by itself. */
  whose(cursor: string | null): string | null;
  /** Null: every run reads all of the stream. */
  readonly cursor: CursorReading | null;
  /** Records that a request asks for; null: it does not say. */
  sizeOf(limit: number): number | null;
  /**
   * Where to go on behind a page that was refused, as behind one without records; null: the refusal is a
   * fault.
   */
  wayAfter(refusal: Refusal, cursor: string | null): Way | null;
  /** The fault of an answer that reports a refusal or a failure despite its status; null: it reports none. */
  readAnswer(seen: SeenAnswer): Fault | null;
  /** What the body says of the limits. @param json without its records */
  limitsIn(json: unknown): readonly LimitStatement[];
  /** Of a page that has nothing where the records should be. @param status of success */
  withoutRecords(json: unknown, status: number): Fault;
  /** Of a page that contradicts itself, or the file. */
  leadsNowhere(way: Extract<Way, { readonly type: 'broken' }>): Fault;
}
