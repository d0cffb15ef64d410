/**
 * What an API looks like: the part of the program that knows its paths, page shape, cursor and
 * error codes. Everything else is the same for every source.
 *
 * Pure: it builds and reads text; it does no I/O and asks no clock.
 */
import type { Fault, FaultCode } from '../core/fault.js';
import type { Envelope, Paging } from '../paging/paging.js';

/** What a page says around its records, or why it is no page. */
export type EnvelopeReading =
  | { readonly type: 'envelope'; readonly envelope: Envelope }
  /** The answer reports a failure, or breaks the contract in a field that the fault names. */
  | { readonly type: 'fault'; readonly fault: Fault }
  /** No page of this source. */
  | { readonly type: 'other' };

/** Quota starts in any window of `windowMs`. */
export interface RatePolicy {
  readonly quota: number;
  readonly windowMs: number;
}

/** A request that got another status than 200. */
export interface Refusal {
  readonly status: number;
  /** The start of the answer's text. */
  readonly body: string;
  /** Its headers ask for a wait, or say that a limit is exhausted. */
  readonly isLimited: boolean;
}

export interface Source {
  readonly name: string;
  /** Requests of one bucket share a limit. */
  readonly bucket: string;
  /** The largest page that is worth asking for; the server may grant less. */
  readonly pageLimitMax: number;
  /** Assumed until an answer says otherwise. */
  readonly defaultPolicy: RatePolicy;
  /** How it goes on from page to page. */
  readonly paging: Paging;
  /** Names of the fields that make a row: its key and its instant; top level of each record. */
  readonly idField: string;
  readonly timestampField: string;
  /** Name of the array of records. */
  readonly recordsField: string;

  /** What a status means where this API has a meaning of its own for it; others are read as HTTP has them. */
  readonly statuses: Readonly<Record<number, FaultCode>>;

  headers(apiKey: string): Record<string, string>;
  /** Path and query of one page. @param basePath the path of API_BASE_URL, without a slash at its end. */
  pagePath(basePath: string, cursor: string | null, limit: number): string;
  /**
   * Path and query of a page that needs the key and costs no request of the list's limit. Absent: there
   * is none.
   */
  readonly checkPath?: (basePath: string) => string;
  /**
   * Reads the envelope from a whole page without its records: `{...}` with the records array
   * replaced by `[]`.
   */
  readEnvelope(json: unknown): EnvelopeReading;
  /** The fault that a refused request is. */
  readError(refusal: Refusal): Fault;
}
