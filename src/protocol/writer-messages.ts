/**
 * What the writer thread exposes by comlink, and what crosses with its calls. Buffers are transferred
 * both ways.
 *
 *   main ── write(PageWrite) ──▶ writer
 *   main ◀── WriteResult ── writer         (what the call resolves with)
 *   main ── retry(PageRetry) ──▶ writer    (records in quarantine, tried again)
 *   main ◀── WriterNews ── writer          (the listener that was given to `open` is called)
 */
import type { CommittedCounts, PageLink } from '../core/committed-page.js';
import type { Fault } from '../core/fault.js';
import type { Position } from '../paging/position.js';
import type { Batch, BatchBuffers } from './batch.js';
import type { PageRetry, RetryResult } from './quarantined-record.js';
import type { RecordFacts } from './record-facts.js';
import type { WriterTarget } from './record-target.js';

/** With `auto` so many connections write until their load asks for more, up to the other. */
export const CONNECTIONS_MIN = 2;
export const CONNECTIONS_MAX = 8;

export type WriteMethod = 'auto' | 'copy' | 'insert';

/** Given to the writer thread when it opens. */
export interface WriterSettings {
  /** node-postgres client settings; `password` never leaves this object. */
  readonly connectionString: string;
  /** `auto`: as many as the distance of the database asks for (workers/writer/writer-connections). */
  readonly connectionsMax: number | 'auto';
  /** What `auto` may come to, where streams share it. @default `CONNECTIONS_MAX` */
  readonly autoMax?: number;
  readonly target: WriterTarget;
  /** Whose rows those of the target will replace; null: nothing's. */
  readonly replaced: WriterTarget | null;
  readonly method: WriteMethod;
  /** Start on the insert path: a resume over known ground, or a table that already holds rows. */
  readonly expectsDuplicates: boolean;
  /** The table has triggers: each page is looked for in it. One that appears later is noticed. */
  readonly hasTriggers: boolean;
  /** The ledger keeps a digest of each page's data too, beside that of ids and instants. */
  readonly provesData: boolean;
  readonly statementTimeoutMs: number;
  /** How long one page is retried against a database that is away before its fault is reported. */
  readonly retryForMs: number;
  /**
   * Takes the key of each row that a page has found and left as it is, so that nobody takes the row for missing;
   * made where it is not there. Null: nobody asks. @default null
   */
  readonly seen?: string | null;
  /** Of the member whose pages are written: see core/share. Null: no segment has a holder. @default null */
  readonly epoch?: number | null;
  /** What the server shows its sessions as, at most 63 bytes. @default datasync-writer */
  readonly sessionName?: string;
  /** It is opened to try records in quarantine again, into a table that is there. @default false */
  readonly retries?: boolean;
}

/** One page to commit: its rows, and what the ledger keeps of it. */
export interface PageWrite extends PageLink {
  readonly run: number;
  /**
   * The segment's bound. Rows of earlier instants belong to another segment: they are neither written
   * nor counted here. null: none.
   */
  readonly bound: Position | null;
  readonly fetchedAtMs: number;
  readonly requestId: string | null;
  readonly batch: Batch;
}

/** The answer to one write. Buffers come back for reuse in either case. */
export type WriteResult =
  | {
      readonly type: 'committed';
      readonly counts: CommittedCounts;
      readonly method: 'copy' | 'insert';
      /** False when the ledger already held the page: an earlier acknowledgement was lost. */
      readonly isNew: boolean;
      readonly writeMs: number;
      /** When the commit was known: epoch ms with fractions. */
      readonly committedAtMs: number;
      readonly buffers: BatchBuffers;
    }
  | { readonly type: 'failed'; readonly fault: Fault; readonly batch: Batch };

/** What the writer tells of itself. */
export type WriterNews =
  /** A page is tried again after a pause, because of `fault`. */
  | { readonly type: 'waiting'; readonly fault: Fault }
  /** From now on so many connections write. */
  | { readonly type: 'connections'; readonly count: number; readonly roundTripMs: number };

/** Commits the pages of one run. */
export interface StreamWriter {
  /** Connects, prepares; resolves with a fault when the database cannot be used. */
  open(settings: WriterSettings, listener: (news: WriterNews) => void): Promise<Fault | null>;
  /** Resolves once the page is committed or has failed for good. Any number may be outstanding. */
  write(page: PageWrite): Promise<WriteResult>;
  /** One page at a time, of a writer that was opened for it; see workers/writer/page-retry. */
  retry(page: PageRetry): Promise<RetryResult>;
  /**
   * Finishes what was accepted and closes the connections.
   *
   * @returns what the records looked like, told from some of them
   */
  drain(): Promise<RecordFacts>;
}

/** The same for the writers of several streams, each by a number of its own. */
export interface WriterCalls {
  open(
    writer: number,
    settings: WriterSettings,
    listener: (news: WriterNews) => void,
  ): Promise<Fault | null>;
  write(writer: number, page: PageWrite): Promise<WriteResult>;
  retry(writer: number, page: PageRetry): Promise<RetryResult>;
  drain(writer: number): Promise<RecordFacts>;
}
