/**
 * What a fixture API is made of: a pure contract (who may ask, what is refused, what is answered) that
 * `startApi` puts behind a port. A contract follows the public documentation of its API and knows
 * nothing of the program that reads it.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Collection } from './collection.js';
import type { ApiLimit } from './limits.js';

export type JsonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

export type JsonRecord = { readonly [name: string]: JsonValue };
export type Headers = Readonly<Record<string, string>>;

export interface ApiRequest {
  readonly method: string;
  /** Absolute. */
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** When its body had arrived, ms since the epoch. */
  readonly nowMs: number;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

export interface QuotaOption {
  readonly quota: number;
  readonly windowMs: number;
}

/** A change of the data while somebody pages. */
export interface Change<Stream extends string = string> {
  /** Happens after so many answered pages of all streams. */
  readonly afterPages: number;
  readonly stream: Stream;
  /** New records, at the end where the API shows its newest. */
  readonly add?: number;
  /** Removes so many from the start of the order. */
  readonly removeFirst?: number;
}

export interface ApiFaults<Stream extends string = string> {
  /** Every so manyth permitted request is answered with the API's server error. */
  readonly failEvery?: number;
  /** Every so manyth permitted request loses its connection in the middle of the answer. */
  readonly cutEvery?: number;
  /** Every so manyth page holds half of what it could. */
  readonly shortPageEvery?: number;
  /** Every so manyth page is empty and leads on, where cursors or links lead. From 2. */
  readonly emptyPageEvery?: number;
  /** A cursor is refused when it is older. */
  readonly cursorTtlMs?: number;
  readonly changes?: readonly Change<Stream>[];
}

/** Common to all fixtures; what is left out is as the API's documentation says. */
export interface ApiOptions<Stream extends string = string> {
  /** Records of each stream; 250 by default. */
  readonly count?: number;
  readonly seed?: number;
  /** What a client must present; `fixture-key` by default. */
  readonly credential?: string;
  readonly pageSizeMax?: number;
  /** In place of the API's main limit; null: none. */
  readonly limit?: QuotaOption | null;
  /** In place of the API's limit of requests at once; null: none. */
  readonly inFlightMax?: number | null;
  /** From a request's arrival to its answer. */
  readonly latencyMs?: number;
  readonly faults?: ApiFaults<Stream>;
}

export interface ApiContract<Stream extends string = string> {
  readonly options: ApiOptions<Stream>;
  readonly streams: Readonly<Record<Stream, Collection>>;
  /** Answers without credentials and outside all limits, such as a token endpoint; null: not its path. */
  readonly open?: (request: ApiRequest) => ApiAnswer | null;
  readonly isAuthorized: (request: ApiRequest) => boolean;
  readonly unauthorized: ApiAnswer;
  readonly limits: readonly ApiLimit[];
  readonly answer: (request: ApiRequest) => ApiAnswer;
  /** What the API answers when it fails itself. */
  readonly failure: ApiAnswer;
}

export const DEFAULT_CREDENTIAL = 'fixture-key';

export function credentialOf(options: ApiOptions): string {
  return options.credential ?? DEFAULT_CREDENTIAL;
}

/** @param body may hold integers beyond 2^53 as bigints; they are written as plain numbers */
export function json(status: number, body: JsonValue, headers: Headers = {}): ApiAnswer {
  return {
    status,
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...headers },
    body: jsonText(body),
  };
}

export function plain(status: number, body: string, headers: Headers = {}): ApiAnswer {
  return { status, headers: { 'Content-Type': 'text/plain; charset=utf-8', ...headers }, body };
}

const BIGINT_MARK = '@integer:';
const MARKED_BIGINT = new RegExp(`"${BIGINT_MARK}(-?\\d+)"`, 'g');

export function jsonText(body: JsonValue): string {
  const text = JSON.stringify(body, (_name, value: unknown) =>
    typeof value === 'bigint' ? `${BIGINT_MARK}${value}` : value,
  );
  return text.replaceAll(MARKED_BIGINT, '$1');
}
