/**
 * The fetch pool: each page is one task of Piscina's, from its request to its batch.
 *
 * Piscina starts the threads, gives each task to the one that has the fewest, replaces one that dies
 * and ends them. The head of a page comes ahead of its result where something waits for it.
 */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { Fault } from '../core/fault.js';
import {
  asPageHead,
  type BatchNews,
  type FetchWorkerData,
  type FetchWorkerSettings,
  type PageHead,
  type PageResult,
  type PageTask,
} from '../protocol/fetch-messages.js';
import { WORKER_RESOURCE_LIMITS } from './worker-limits.js';

const WORKER_URL = new URL('../../workers/fetch.worker.js', import.meta.url);

export interface FetchPoolOptions {
  /** What stands for the source. */
  readonly source: object;
  readonly settings: FetchWorkerSettings;
  readonly threads: number;
  /** Told of a head that is posted ahead, now and then after the result that holds it too. */
  readonly onHead: (head: PageHead) => void;
}

export class FetchPool {
  readonly #pool: Piscina<PageTask, PageResult>;
  /** Null once the threads are ended. */
  #news: BroadcastChannel | null;

  constructor({ source, settings, threads, onHead }: FetchPoolOptions) {
    const newsChannel = `datasync.fetch.${randomUUID()}`;
    this.#news = new BroadcastChannel(newsChannel);
    const workerData: FetchWorkerData<object> = { source, settings, newsChannel };
    this.#pool = new Piscina({
      filename: fileURLToPath(WORKER_URL),
      workerData,
      minThreads: threads,
      maxThreads: threads,
      // The scheduler bounds them: what waited here would start late, at a time that it does not know.
      concurrentTasksPerWorker: Number.POSITIVE_INFINITY,
      // The default makes an idle worker wait on Atomics, which freezes its sockets and ports.
      atomics: 'disabled',
      resourceLimits: WORKER_RESOURCE_LIMITS,
      // The run keeps its own latencies.
      recordTiming: false,
      // A fetch worker needs none of the environment, and so sees no secret in it.
      env: {},
    });
    this.#pool.on('message', (message: unknown) => onHead(asPageHead(message)));
    this.#pool.on('error', () => {
      // The thread that died had no task. It is replaced.
    });
  }

  /** Threads that live; a dead one is replaced. */
  get threadCount(): number {
    return this.#pool.threads.length;
  }

  /** Fetches one page. Rejects never: the death of its thread is a fault of the page. */
  async fetch(task: PageTask): Promise<PageResult> {
    const { taskId, buffers } = task;
    const transferList = buffers === null ? [] : [buffers.body, buffers.columns];
    try {
      return await this.#pool.run(task, { transferList });
    } catch (error) {
      return { type: 'fault', taskId, fault: workerDeath(error), meta: null, buffers: null };
    }
  }

  /** Tells the threads what became of a page's batch. */
  tell(news: BatchNews): void {
    this.#news?.postMessage(news);
  }

  /** Ends the threads, whatever they are doing. */
  async close(): Promise<void> {
    this.#news?.close();
    this.#news = null;
    await this.#pool.destroy();
  }
}

function workerDeath(error: unknown): Fault {
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'WORKER_DIED', message: `the fetch worker died: ${message}`, retryable: true };
}
