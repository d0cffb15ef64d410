/**
 * Messages between main and the fetch workers. A page is one task of the pool; every field is plain
 * data, and buffers are transferred.
 *
 *   main ── PageTask ──▶ worker            (the task)
 *   main ◀── PageHead ── worker            (over its port: the next cursor, where that is urgent)
 *   main ◀── PageResult ── worker          (what the task ends with: the batch, or a fault)
 *   main ── BatchNews ──▶ every worker     (a broadcast; only one knows the page)
 */

import type { LimitHeaders } from '../core/declared-statements.js';
import { assert, type Fault } from '../core/fault.js';
import type { LimitObservation } from '../core/limit-headers.js';
import type { Envelope } from '../paging/paging.js';
import type { Position } from '../paging/position.js';
import type { Batch, BatchBuffers } from './batch.js';

/** Proxies by the scheme of what is asked for, and the hosts that are reached without; `''`: none. */
export interface Proxies {
  readonly httpProxy: string;
  readonly httpsProxy: string;
  readonly noProxy: string;
}

/** Given to every fetch worker at its start. @template Spec what stands for the source: `SourceSpec` */
export interface FetchWorkerData<Spec> {
  readonly source: Spec;
  readonly settings: FetchWorkerSettings;
  /** Name of the broadcast channel over which `BatchNews` comes. */
  readonly newsChannel: string;
}

/** What is the same for all pages. The credentials stay inside the worker's requests. */
export interface FetchWorkerSettings {
  /** Of the requests for pages; without a slash at its end. */
  readonly baseUrl: string;
  /** Scheme, host and port each, as `URL` writes them: that of the base URL, then others that links may lead to. */
  readonly origins: readonly [string, ...string[]];
  /** Of every request: who asks, and the credentials. */
  readonly headers: Readonly<Record<string, string>>;
  /** Credentials that go into the query of every request, not encoded. */
  readonly query: Readonly<Record<string, string>>;
  /** Headers that tell of limits by names of the API's own. */
  readonly limitHeaders: readonly LimitHeaders[];
  /** To one of the origins. False: a redirect is a fault. */
  readonly followsRedirects: boolean;
  /** Connections that one worker may open at most. */
  readonly connectionsMax: number;
  readonly headDeadlineMs: number;
  readonly idleDeadlineMs: number;
  readonly bodyBytesMax: number;
  /** Bytes that one worker's pages may hold together until main has released them. */
  readonly receiveBytesMax: number;
  /** Null: requests go to the origin itself. */
  readonly proxies: Proxies | null;
  /** Ask for gzip. */
  readonly acceptsGzip: boolean;
}

/** A stream, as what differs from the one that the pool was started with. The same for all of its pages. */
export interface TaskStream {
  readonly stream: string;
  readonly [field: string]: unknown;
}

/** One page to fetch. */
export interface PageTask {
  /** No other task of the pool has it. */
  readonly taskId: number;
  /** Whose page it is. @default of the stream that the pool was started with */
  readonly of?: TaskStream;
  /** Null: the first page. */
  readonly cursor: string | null;
  /** Records to ask for, where a request of the source says so. */
  readonly limit: number;
  /** The access token of OAuth 2; unset: the credentials are the worker's. */
  readonly bearer?: string;
  /** Only the head is wanted (a cursor refresh): do not scan, answer with `batch: null`. */
  readonly isHeadOnly: boolean;
  /** Post the head ahead of the scan as well: something waits for its cursor. */
  readonly isHeadUrgent: boolean;
  /** A refusal there counts as the empty last page. @default false */
  readonly isBehindEnd?: boolean;
  /** Buffers given back for reuse; null when none is free. */
  readonly buffers: BatchBuffers | null;
}

/** What became of a batch: it waits for that of another page, or its bytes are free again. */
export interface BatchNews {
  readonly type: 'held' | 'released';
  readonly taskId: number;
}

/** What is known of an answer beside its body. */
export interface ResponseMeta {
  readonly status: number;
  /** What its headers say of a limit; null: nothing. */
  readonly limits: LimitObservation | null;
  /** Its own date, by the server's clock; null: it has none. */
  readonly dateMs: number | null;
  readonly requestId: string | null;
  /** When the request left and when the answer's head came: epoch ms with fractions. */
  readonly sentAtMs: number;
  readonly headAtMs: number;
  /** When the last byte came. */
  readonly endAtMs: number;
  readonly bodyBytes: number;
  /** That were followed to get it, each by a request of its own. */
  readonly redirects: number;
}

/** The page's envelope: all that deciding needs. */
export interface PageHead extends Envelope {
  readonly type: 'head';
  readonly taskId: number;
  readonly meta: ResponseMeta;
  /** The place that `nextCursor` points behind; null: it is opaque, or there is none. */
  readonly nextPosition: Position | null;
}

/** What a task ends with. On a fault `meta` is null when no answer came. */
export type PageResult =
  | {
      readonly type: 'page';
      readonly taskId: number;
      /** The same that was posted ahead, if one was. The two may come in either order. */
      readonly head: PageHead;
      readonly batch: Batch | null;
      readonly scanMs: number;
      /** When the scan ended: epoch ms with fractions. */
      readonly scannedAtMs: number;
      readonly buffers: BatchBuffers | null;
    }
  | {
      readonly type: 'fault';
      readonly taskId: number;
      readonly fault: Fault;
      readonly meta: ResponseMeta | null;
      readonly buffers: BatchBuffers | null;
    };

/** What a worker posts beside the results of its tasks. */
export function asPageHead(message: unknown): PageHead {
  const head = message as PageHead | null;
  assert(head?.type === 'head' && Number.isSafeInteger(head.taskId), 'a fetch worker posts heads');
  return head;
}

/** What comes over the broadcast channel. */
export function asBatchNews(message: unknown): BatchNews {
  const news = message as BatchNews | null;
  const isNews = news?.type === 'held' || news?.type === 'released';
  assert(isNews && Number.isSafeInteger(news.taskId), 'main broadcasts news of batches');
  return news;
}
