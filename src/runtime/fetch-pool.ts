/**
 * The fetch pool: Piscina's threads, each with a port of its own for the pages.
 *
 * Piscina starts the threads, replaces one that dies, and ends them. Each is given one long task, to
 * serve a port; pages go and come over that port, for a task of Piscina's costs main several times
 * what a message does (docs/decisions/0015).
 */
import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { Fault } from '../core/fault.js';
import type {
  FetchMessage,
  FetchRequest,
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
  readonly onHead: (head: PageHead) => void;
  /** Called once for each page, after its head where one is posted ahead. */
  readonly onResult: (result: PageResult) => void;
}

/** One thread's share of the pages. */
interface Lane {
  /** Null until a page is asked for, and again once the thread that served it has died. */
  port: MessagePort | null;
  /** Tasks without a result. */
  readonly taskIds: Set<number>;
}

export class FetchPool {
  readonly #pool: Piscina<{ readonly port: MessagePort }, void>;
  readonly #options: FetchPoolOptions;
  readonly #lanes: readonly Lane[];

  constructor(options: FetchPoolOptions) {
    this.#options = options;
    this.#lanes = Array.from({ length: options.threads }, () => ({
      port: null,
      taskIds: new Set(),
    }));
    this.#pool = new Piscina({
      filename: fileURLToPath(WORKER_URL),
      workerData: options.settings,
      minThreads: options.threads,
      maxThreads: options.threads,
      // The default makes an idle worker wait on Atomics, which freezes its sockets and ports.
      atomics: 'disabled',
      resourceLimits: WORKER_RESOURCE_LIMITS,
      // The run keeps its own latencies.
      recordTiming: false,
      // A fetch worker needs none of the environment, and so sees no secret in it.
      env: {},
    });
    this.#pool.on('error', () => {
      // The task of the dead thread rejects too, and its pages are answered there.
    });
  }

  /** Threads that live; a dead one is replaced. */
  get threadCount(): number {
    return this.#pool.threads.length;
  }

  /** Fetches one page, in the thread that has the fewest. Its death is a fault of each of its pages. */
  fetch(task: PageTask): void {
    let lane = this.#lanes[0] as Lane;
    for (const other of this.#lanes) if (other.taskIds.size < lane.taskIds.size) lane = other;
    lane.taskIds.add(task.taskId);
    const port = lane.port ?? this.#serve(lane);
    const request: FetchRequest = { type: 'fetch', task };
    const moved = task.buffers === null ? [] : [task.buffers.body, task.buffers.columns];
    port.postMessage(request, moved);
  }

  /** What became of a page's batch: it waits for another page's, or its bytes are free again. */
  tell(taskId: number, type: 'held' | 'released'): void {
    // Only one thread knows the page, and most runs have only one.
    const request: FetchRequest = { type, taskId };
    for (const { port } of this.#lanes) port?.postMessage(request);
  }

  /** Ends the threads, whatever they are doing. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  #serve(lane: Lane): MessagePort {
    const { port1, port2 } = new MessageChannel();
    lane.port = port1;
    port1.on('message', (message: FetchMessage) => this.#receive(lane, message));
    const ended = (error: unknown): void => {
      // What is still in the port comes too late: its pages are answered here.
      port1.removeAllListeners('message');
      port1.close();
      this.#died(lane, error);
    };
    this.#pool.run({ port: port2 }, { transferList: [port2] }).then(ended, ended);
    return port1;
  }

  #receive(lane: Lane, message: FetchMessage): void {
    if (message.type === 'head') return this.#options.onHead(message);
    lane.taskIds.delete(message.taskId);
    this.#options.onResult(message);
  }

  #died(lane: Lane, error: unknown): void {
    lane.port = null;
    const taskIds = [...lane.taskIds];
    lane.taskIds.clear();
    const fault = workerDeath(error);
    for (const taskId of taskIds) {
      this.#options.onResult({ type: 'fault', taskId, fault, meta: null, buffers: null });
    }
  }
}

function workerDeath(error: unknown): Fault {
  const message = error instanceof Error ? error.message : 'it ended by itself';
  return { code: 'WORKER_DIED', message: `the fetch worker died: ${message}`, retryable: true };
}
