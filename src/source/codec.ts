/**
 * What is known of an API that no source file can say: the form of its cursors, how its pages and refusals
 * are read, and what it has beside its streams. A file names it as its `codec`. Pure.
 */
import type { Fault } from '../core/fault.js';
import type { Envelope } from '../paging/paging.js';
import type { CursorCodec } from '../paging/place-cursor.js';
import type { AuthPlan } from './plan.js';
import type { RatePolicy, Refusal } from './source.js';
import type { SubmissionForm } from './submission-form.js';

/** What a page says around its records, or why it is no page. */
export type EnvelopeReading =
  | { readonly type: 'envelope'; readonly envelope: Envelope }
  /** The answer reports a failure, or breaks the contract in a field that the fault names. */
  | { readonly type: 'fault'; readonly fault: Fault }
  /** No page of this source. */
  | { readonly type: 'other' };

/** Paths below the base URL, each with a limit of its own. */
export interface Beside {
  /** Of the description that the API gives of itself. */
  readonly manifest: string;
  /** Lists in the form of the stream's pages, by name; each at the path of that name. */
  readonly lists: readonly string[];
  /** Documented for each of the lists. */
  readonly listPolicy: RatePolicy;
}

export interface SourceCodec {
  readonly cursors: CursorCodec;
  /** See `Stream.bucket`. */
  readonly bucket: string;
  /** What its address is set by, and what is known of it, for remedies. */
  readonly address: { readonly setting: string; readonly hint: string };
  /** Reads the envelope from a whole page whose array of records is replaced by `[]`. */
  readEnvelope(json: unknown): EnvelopeReading;
  /** @param credentials see `SourcePlan.credentials` */
  readError(refusal: Refusal, credentials: readonly string[]): Fault;
  /** Of a page in which a field is not as expected. @param expected the end of a sentence */
  brokenField(field: string, value: unknown, expected: string): Fault;
  /** Path and query of a page that needs the key and costs no request of the list's limit. */
  checkPath(basePath: string): string;
  /** What the key is known by; its hash names the log of its requests. */
  keyText(auth: AuthPlan | null): string;
  /** What the API has beside the pages, for who explores it. */
  readonly beside: Beside;
  /** Of a page, as documented: what is expected before anything was asked. */
  readonly latencyMs: number;
  /** Stands in for the API where no key is set, and is asked with this one below this path. */
  readonly simulator: { readonly key: string; readonly path: string };
  /** Loaded where ids are handed in: its schemas would cost every start. */
  submissions(): Promise<SubmissionForm>;
}
