/**
 * Messages between main and the fetch workers. Every field is plain data.
 *
 *   main ── PageTask ──▶ worker            (piscina run; buffers transferred)
 *   main ◀── PageHead ── worker            (posted as soon as the next cursor is known)
 *   main ◀── PageResult ── worker          (piscina's answer: the batch, or a fault)
 */
import type { Fault } from '../core/fault.js';
import type { Batch, BatchBuffers } from './batch.js';

/** Given to every fetch worker at its start. The key stays inside the worker's request headers. */
export interface FetchWorkerSettings {
  /** Which source's page shape and timestamp rules apply; a key of `SOURCES`. */
  readonly source: string;
  /** Scheme, host and port, no path. */
  readonly origin: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Connections that one worker may open at most. */
  readonly connectionsMax: number;
  readonly headDeadlineMs: number;
  readonly idleDeadlineMs: number;
  readonly bodyBytesMax: number;
  /** Ask for gzip. */
  readonly acceptsGzip: boolean;
}

/** One page to fetch. */
export interface PageTask {
  readonly taskId: number;
  /** Path and query, from the source's request builder. */
  readonly path: string;
  /** Only the head is wanted (a cursor refresh): do not scan, answer with `batch: null`. */
  readonly isHeadOnly: boolean;
  /** Buffers given back for reuse; null when none is free. */
  readonly buffers: BatchBuffers | null;
}

/** What is known of an answer beside its body. */
export interface ResponseMeta {
  readonly status: number;
  /** Lower-case names; only those that a limit dialect may read, and `date`. */
  readonly limitHeaders: Readonly<Record<string, string>>;
  readonly requestId: string | null;
  /** When the request left and when the answer's head came: epoch ms with fractions. */
  readonly sentAtMs: number;
  readonly headAtMs: number;
  /** When the last byte came. */
  readonly endAtMs: number;
  readonly bodyBytes: number;
}

/** The page's envelope: all that deciding needs. */
export interface PageHead {
  readonly type: 'head';
  readonly taskId: number;
  readonly meta: ResponseMeta;
  readonly nextCursor: string | null;
  readonly hasMore: boolean;
  /** Life of `nextCursor`, counted from the start of this request; null when not said. */
  readonly cursorExpiresInMs: number | null;
  /** Records that the page says it holds; null when not said. */
  readonly returned: number | null;
  /** The page size that the server granted; null when not said. */
  readonly limit: number | null;
  /** Rows that the source says it holds in all; null when not said. */
  readonly total: number | null;
}

/** What a task ends with. On a fault `meta` is null when no answer came. */
export type PageResult =
  | {
      readonly type: 'page';
      readonly taskId: number;
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
