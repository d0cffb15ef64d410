/** How an API is paged, how it refuses and what it announces, as its documentation says. */
import { expect } from 'vitest';
import type { ApiContract, ApiOptions, JsonValue } from './contract.js';
import type { FetchedPage, PageRequest } from './page-by-fetch.js';

export interface DocumentedPaging {
  readonly contract: (options: ApiOptions<never>) => ApiContract;
  readonly stream: string;
  /** @param at what `next` found; null: the first page */
  readonly request: (origin: string, key: string, at: string | null) => PageRequest;
  readonly records: (page: FetchedPage) => readonly JsonValue[];
  readonly next: (page: FetchedPage) => string | null;
  /** Of the request over the quota. */
  readonly refusal: { readonly status: number; readonly headers: object; readonly body: unknown };
  /** What the last permitted answer announces. */
  readonly announced: object;
  readonly wrongKey: { readonly status: number; readonly body: unknown };
}

/** Records of a page. */
export const SIZE = 7;
/** Records of the stream. */
export const COUNT = 23;
/** Requests that are permitted where a case is limited. */
export const QUOTA = 3;

export const SECONDS = expect.stringMatching(/^[1-9]\d*$/);

export const bearer = (key: string) => ({ headers: { Authorization: `Bearer ${key}` } });
