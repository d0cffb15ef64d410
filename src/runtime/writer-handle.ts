/** The writer thread, as main sees it: comlink's calls, and its death as a fault of each of them. */
import { Worker } from 'node:worker_threads';
import { proxy, type Remote, transfer, wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import type { Fault } from '../core/fault.js';
import { buffersOf } from '../protocol/batch.js';
import type { PageRetry, RetryResult } from '../protocol/quarantined-record.js';
import { NO_FACTS, type RecordFacts } from '../protocol/record-facts.js';
import {
  CONNECTIONS_MIN,
  type PageWrite,
  type WriteResult,
  type WriterCalls,
  type WriterNews,
  type WriterSettings,
} from '../protocol/writer-messages.js';
import { WORKER_RESOURCE_LIMITS } from './worker-limits.js';

const WORKER_URL = new URL('../../workers/writer.worker.js', import.meta.url);

export interface WriterHandleOptions {
  /** All that the thread sees of the environment: what node-postgres reads itself. */
  readonly environment: Readonly<Record<string, string>>;
  /** Told of each wait for a database that is away or refuses for now. */
  readonly onWaiting?: (fault: Fault) => void;
  /** Told when another number of connections writes. */
  readonly onConnections?: (count: number, roundTripMs: number) => void;
}

export class WriterHandle {
  readonly #options: WriterHandleOptions;
  readonly #worker: Worker;
  readonly #calls: Remote<WriterCalls>;
  #death: Fault | null = null;
  #connections = 0;
  /** Called at its death: a dead thread answers nothing. */
  readonly #outstanding = new Set<(death: Fault) => void>();

  constructor(options: WriterHandleOptions) {
    this.#options = options;
    this.#worker = new Worker(WORKER_URL, {
      env: options.environment,
      resourceLimits: WORKER_RESOURCE_LIMITS,
    });
    this.#calls = wrap<WriterCalls>(nodeEndpoint(this.#worker));
    this.#worker.once('error', (error) => this.#die(error.message));
    this.#worker.once('exit', (code) => this.#die(`exit code ${code}`));
  }

  /** Why its thread is dead; null while it lives. */
  get death(): Fault | null {
    return this.#death;
  }

  /** How many connections write. */
  get connections(): number {
    return this.#connections;
  }

  /** @returns null when the database can be used, else why not */
  async open(settings: WriterSettings): Promise<Fault | null> {
    const { connectionsMax } = settings;
    this.#connections = connectionsMax === 'auto' ? CONNECTIONS_MIN : connectionsMax;
    const listener = proxy((news: WriterNews) => this.#hear(news));
    return this.#outlive(
      () => this.#calls.open(settings, listener),
      (death) => death,
    );
  }

  /**
   * Has one page committed; its buffers are moved to the thread and come back with the result.
   * Rejects never.
   */
  async write(page: PageWrite): Promise<WriteResult> {
    const { batch } = page;
    const failed = (fault: Fault): WriteResult => ({ type: 'failed', fault, batch });
    try {
      return await this.#outlive(() => this.#calls.write(transfer(page, buffersOf(batch))), failed);
    } catch (bug) {
      // It ends the thread, and with it the run, which can be gone on with.
      const death = this.#die(bug instanceof Error ? bug.message : String(bug));
      void this.#worker.terminate();
      return failed(death);
    }
  }

  /** Tries records of one page again. Rejects never. */
  async retry(page: PageRetry): Promise<RetryResult> {
    const failed = (fault: Fault): RetryResult => ({ type: 'failed', fault });
    try {
      return await this.#outlive(() => this.#calls.retry(page), failed);
    } catch (bug) {
      const death = this.#die(bug instanceof Error ? bug.message : String(bug));
      void this.#worker.terminate();
      return failed(death);
    }
  }

  /**
   * Finishes what is being committed, closes the connections, ends the thread.
   *
   * @returns what the records looked like; nothing where the thread is dead
   */
  async close(): Promise<RecordFacts> {
    const facts = await this.#outlive(
      () => this.#calls.drain(),
      () => NO_FACTS,
    );
    await this.#worker.terminate();
    return facts;
  }

  #hear(news: WriterNews): void {
    if (news.type === 'waiting') return this.#options.onWaiting?.(news.fault);
    this.#connections = news.count;
    this.#options.onConnections?.(news.count, news.roundTripMs);
  }

  #outlive<T>(call: () => Promise<T>, onDeath: (death: Fault) => T): Promise<T> {
    if (this.#death !== null) return Promise.resolve(onDeath(this.#death));
    return new Promise((resolve, reject) => {
      const giveUp = (death: Fault): void => resolve(onDeath(death));
      this.#outstanding.add(giveUp);
      call()
        .then(resolve, reject)
        .finally(() => this.#outstanding.delete(giveUp));
    });
  }

  #die(reason: string): Fault {
    if (this.#death !== null) return this.#death;
    this.#death = writerDeath(reason);
    for (const giveUp of this.#outstanding) giveUp(this.#death);
    this.#outstanding.clear();
    return this.#death;
  }
}

function writerDeath(reason: string): Fault {
  return {
    code: 'WORKER_DIED',
    message: `the writer thread died: ${reason}`,
    retryable: false,
    remedy: 'Start again: the run goes on from its last committed page',
  };
}
