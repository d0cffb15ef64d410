/** The writer of one run, in the writer thread that the streams of a process share. */
import { proxy, transfer } from 'comlink';
import type { Fault } from '../core/fault.js';
import { buffersOf } from '../protocol/batch.js';
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
  readonly run: number;
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
    const { thread, run } = this.#options;
    const { connectionsMax } = settings;
    this.#connections = connectionsMax === 'auto' ? CONNECTIONS_MIN : connectionsMax;
    const listener = proxy((news: WriterNews) => this.#hear(news));
    return thread.outlive(
      (calls) => calls.open(run, settings, listener),
      (death) => death,
    );
  }

  /**
   * Has one page committed; its buffers are moved to the thread and come back with the result.
   * Rejects never.
   */
  async write(page: PageWrite): Promise<WriteResult> {
    const { thread } = this.#options;
    const { batch } = page;
    const failed = (fault: Fault): WriteResult => ({ type: 'failed', fault, batch });
    try {
      return await thread.outlive((calls) => calls.write(transfer(page, buffersOf(batch))), failed);
    } catch (bug) {
      // It ends the thread, and with it the run, which can be gone on with.
      return failed(thread.fail(bug));
    }
  }

  /**
   * Finishes what is being committed, and closes the connections.
   *
   * @returns what the records looked like; nothing where the thread is dead
   */
  close(): Promise<RecordFacts> {
    const { thread, run } = this.#options;
    return thread.outlive(
      (calls) => calls.drain(run),
      () => NO_FACTS,
    );
  }

  #hear(news: WriterNews): void {
    if (news.type === 'waiting') return this.#options.onWaiting?.(news.fault);
    this.#connections = news.count;
    this.#options.onConnections?.(news.count, news.roundTripMs);
  }
}
