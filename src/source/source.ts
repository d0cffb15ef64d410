/**
 * What an API looks like: the part of the program that knows its requests, page shape and error codes.
 * Everything else is the same for every source.
 *
 * Pure: it builds and reads text; it does no I/O and asks no clock.
 */
import type { Fault } from '../core/fault.js';
import type { Stretch } from '../core/resume.js';
import type { Paging } from '../paging/paging.js';
import type { PageRequest } from '../protocol/page-request.js';
import type { WriterTarget } from '../protocol/record-target.js';
import type { SourceCodec } from './codec.js';
import type { Pass } from './pass.js';
import type { IncrementalPlan, ParentPlan } from './plan.js';
import type { RecordReading } from './record-reading.js';

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
  /** By lower-case name; null: absent. */
  header(name: string): string | null;
}

/** A stream of a source: what the engine, the threads and the ledger know of it. */
interface Stream {
  /** Of the source. */
  readonly name: string;
  /** What its address is set by, for remedies. */
  readonly addressSetting: string;
  readonly stream: string;
  /** Of whose rows it has a child each; null: it stands by itself. */
  readonly parent: ParentPlan | null;
  /** Where its rows go. */
  readonly target: WriterTarget;
  /** Which part of it a run reads. */
  readonly pass: Pass;
  /** The stretch of its order that this is; null: all of it, or no place says where it is. */
  readonly within: Stretch | null;
  /** Null: every run reads all of it. */
  readonly incremental: IncrementalPlan | null;
  /** Requests of one bucket share a limit. */
  readonly bucket: string;
  /** The largest page that is worth asking for; the server may grant less. */
  readonly pageLimitMax: number;
  /** Assumed until an answer says otherwise; null: nothing is. */
  readonly defaultPolicy: RatePolicy | null;
  /** How it goes on from page to page. */
  readonly paging: Paging;
  /** @param baseUrl without a slash at its end @param limit records to ask for, where the request says so */
  request(baseUrl: string, cursor: string | null, limit: number): PageRequest;
  /** The fault that a refused request is. */
  readError(refusal: Refusal): Fault;
}

/** A stream whose keys and instants are read from the bytes of its pages, ahead of PostgreSQL. */
export interface EventSource extends Stream {
  readonly codec: SourceCodec;
  readonly defaultPolicy: RatePolicy;
  /** Names of the fields that make a row: its key and its instant; top level of each record. */
  readonly idField: string;
  readonly timestampField: string;
  /** Name of the array of records. */
  readonly recordsField: string;
  /** Of the query: how many records are asked for. */
  readonly sizeParam: string;
  readEnvelope: SourceCodec['readEnvelope'];
  /** Path and query of one page. @param basePath the path of the base URL, without a slash at its end. */
  pagePath(basePath: string, cursor: string | null, limit: number): string;
}

/** A stream whose pages are read as its file says. */
export interface RecordSource extends Stream {
  readonly codec: null;
  readonly reading: RecordReading;
}

export type Source = EventSource | RecordSource;
