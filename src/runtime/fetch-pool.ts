/**
 * The fetch pool: Piscina's threads, and the heads that they post before their result is due.
 */
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { Fault } from '../core/fault.js';
import type {
  FetchWorkerSettings,
  PageHead,
  PageResult,
  PageTask,
} from '../protocol/fetch-messages.js';
import { WORKER_RESOURCE_LIMITS } from './worker-limits.js';

const WORKER_URL = new URL('../../workers/fetch.worker.js', import.meta.url);

export interface FetchPoolOptions {
  readonly settings: FetchWorkerSettings;
  readonly threads: number;
  /** Requests in flight at most, over all threads. */
  readonly concurrency: number;
  readonly onHead: (head: PageHead) => void;
}

export class FetchPool {
  readonly #pool: Piscina<PageTask, PageResult>;

  constructor(options: FetchPoolOptions) {
    // Twice the share of requests in flight: pages whose head is read are still being scanned.
    const tasksPerThread = 2 * Math.ceil(options.concurrency / options.threads) + 2;
    this.#pool = new Piscina({
      // A path, not a URL: Piscina would parse it anew for each task.
      filename: fileURLToPath(WORKER_URL),
      workerData: options.settings,
      minThreads: options.threads,
      maxThreads: options.threads,
      concurrentTasksPerWorker: tasksPerThread,
      // The default makes an idle worker wait on Atomics, which freezes its sockets and ports.
      atomics: 'disabled',
      resourceLimits: WORKER_RESOURCE_LIMITS,
      // The run keeps its own latencies.
      recordTiming: false,
      // A fetch worker needs none of the environment, and so sees no secret in it.
      env: {},
    });
    this.#pool.on('message', (message: PageHead) => options.onHead(message));
    this.#pool.on('error', () => {
      // Every task of the dead worker rejects too, and is answered there.
    });
  }

  /** Threads that live; a dead one is replaced. */
  get threadCount(): number {
    return this.#pool.threads.length;
  }

  /** Fetches one page. Never rejects: a worker's death is a fault. */
  async run(task: PageTask): Promise<PageResult> {
    const transferList = task.buffers === null ? [] : [task.buffers.body, task.buffers.columns];
    try {
      return await this.#pool.run(task, { transferList });
    } catch (error) {
      return {
        type: 'fault',
        taskId: task.taskId,
        fault: workerDeath(error),
        meta: null,
        buffers: null,
      };
    }
  }

  /** Ends the threads, whatever they are doing. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

function workerDeath(error: unknown): Fault {
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'WORKER_DIED', message: `the fetch worker died: ${message}`, retryable: true };
}
