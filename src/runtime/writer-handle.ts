/** The writer of one stream, in the writer thread that the streams of a process share. */
import { proxy, transfer } from 'comlink';
import type { Fault } from '../core/fault.js';
import { buffersOf } from '../protocol/batch.js';
import type { PageRetry, RetryResult } from '../protocol/quarantined-record.js';
import { NO_FACTS, type RecordFacts } from '../protocol/record-facts.js';
import {
  CONNECTIONS_MIN,
  type PageWrite,
  type WriteResult,
  type WriterNews,
  type WriterSettings,
} from '../protocol/writer-messages.js';
import type { WriterThread } from './writer-thread.js';

export interface WriterHandleOptions {
  readonly thread: WriterThread;
  /** That no other writer of the thread has. */
  readonly number: number;
  /** Told of each wait for a database that is away or refuses for now. */
  readonly onWaiting?: (fault: Fault) => void;
  /** Told when another number of connections writes. */
  readonly onConnections?: (count: number, roundTripMs: number) => void;
}

export class WriterHandle {
  readonly #options: WriterHandleOptions;
  #connections = 0;

  constructor(options: WriterHandleOptions) {
    this.#options = options;
  }

  /** Why its thread is dead; null while it lives. */
  get death(): Fault | null {
    return this.#options.thread.death;
  }

  /** How many connections write. */
  get connections(): number {
    return this.#connections;
  }

  /** @returns null when the database can be used, else why not */
  async open(settings: WriterSettings): Promise<Fault | null> {
    const { thread, number } = this.#options;
    const { connectionsMax } = settings;
    this.#connections = connectionsMax === 'auto' ? CONNECTIONS_MIN : connectionsMax;
    const listener = proxy((news: WriterNews) => this.#hear(news));
    return thread.outlive(
      (calls) => calls.open(number, settings, listener),
      (death) => death,
    );
  }

  /**
   * Has one page committed; its buffers are moved to the thread and come back with the result.
   * Rejects never.
   */
  async write(page: PageWrite): Promise<WriteResult> {
    const { thread, number } = this.#options;
    const { batch } = page;
    const failed = (fault: Fault): WriteResult => ({ type: 'failed', fault, batch });
    try {
      return await thread.outlive(
        (calls) => calls.write(number, transfer(page, buffersOf(batch))),
        failed,
      );
    } catch (bug) {
      // It ends the thread, and with it the run, which can be gone on with.
      return failed(thread.fail(bug));
    }
  }

  /** Tries records of one page again. Rejects never. */
  async retry(page: PageRetry): Promise<RetryResult> {
    const { thread, number } = this.#options;
    const failed = (fault: Fault): RetryResult => ({ type: 'failed', fault });
    try {
      return await thread.outlive((calls) => calls.retry(number, page), failed);
    } catch (bug) {
      return failed(thread.fail(bug));
    }
  }

  /**
   * Finishes what is being committed, and closes the connections.
   *
   * @returns what the records looked like; nothing where the thread is dead
   */
  close(): Promise<RecordFacts> {
    const { thread, number } = this.#options;
    return thread.outlive(
      (calls) => calls.drain(number),
      () => NO_FACTS,
    );
  }

  #hear(news: WriterNews): void {
    if (news.type === 'waiting') return this.#options.onWaiting?.(news.fault);
    this.#connections = news.count;
    this.#options.onConnections?.(news.count, news.roundTripMs);
  }
}
