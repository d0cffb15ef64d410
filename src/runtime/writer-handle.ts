/**
 * The writer thread, as main sees it: pages and what became of them over a port, comlink's calls for
 * its beginning and end, its death as a fault.
 */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { type Remote, wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import type { Fault } from '../core/fault.js';
import { type Batch, buffersOf } from '../protocol/batch.js';
import {
  CONNECTIONS_MIN,
  type WriteResult,
  type WriterControl,
  type WriterMessage,
  type WriterSettings,
  type WriteTask,
} from '../protocol/writer-messages.js';
import { WORKER_RESOURCE_LIMITS } from './worker-limits.js';

const WORKER_URL = new URL('../../workers/writer.worker.js', import.meta.url);

export interface WriterHandleOptions {
  /** All that the thread sees of the environment: what node-postgres reads itself. */
  readonly environment: Readonly<Record<string, string>>;
  /** Called once for each page that was given. */
  readonly onWritten: (taskId: number, result: WriteResult) => void;
  /** Told of each wait for a database that is away or refuses for now. */
  readonly onWaiting: (fault: Fault) => void;
  /** Told when another number of connections writes. */
  readonly onConnections?: (count: number, roundTripMs: number) => void;
}

export class WriterHandle {
  readonly #options: WriterHandleOptions;
  readonly #worker: Worker;
  readonly #pages: MessagePort;
  readonly #control: Remote<WriterControl>;
  #death: Fault | null = null;
  #connections = 0;
  /** What waits for an answer: a dead thread never gives one. */
  readonly #batches = new Map<number, Batch>();
  readonly #calls = new Set<(death: Fault) => void>();

  constructor(options: WriterHandleOptions) {
    this.#options = options;
    const { port1, port2 } = new MessageChannel();
    this.#pages = port1;
    this.#pages.on('message', (message: WriterMessage) => this.#receive(message));
    this.#worker = new Worker(WORKER_URL, {
      env: options.environment,
      resourceLimits: WORKER_RESOURCE_LIMITS,
      workerData: port2,
      transferList: [port2],
    });
    this.#control = wrap<WriterControl>(nodeEndpoint(this.#worker));
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
    return this.#outlive(this.#control.open(settings), (death) => death);
  }

  /** Has one page committed; its buffers are moved to the thread and come back with the result. */
  write(task: WriteTask): void {
    const { taskId, batch } = task;
    if (this.#death !== null) return this.#giveUp(taskId, batch, this.#death);
    this.#batches.set(taskId, batch);
    this.#pages.postMessage(task, buffersOf(batch));
  }

  /** Finishes what is being committed, closes the connections, ends the thread. */
  async close(): Promise<void> {
    await this.#outlive(this.#control.drain(), () => undefined);
    await this.#worker.terminate();
  }

  #receive(message: WriterMessage): void {
    if (message.type === 'waiting') return this.#options.onWaiting(message.fault);
    if (message.type === 'connections') {
      this.#connections = message.count;
      return this.#options.onConnections?.(message.count, message.roundTripMs);
    }
    this.#batches.delete(message.taskId);
    this.#options.onWritten(message.taskId, message.result);
  }

  #giveUp(taskId: number, batch: Batch, fault: Fault): void {
    this.#options.onWritten(taskId, { type: 'failed', fault, batch });
  }

  #outlive<T>(call: Promise<T>, onDeath: (death: Fault) => T): Promise<T> {
    if (this.#death !== null) return Promise.resolve(onDeath(this.#death));
    return new Promise((resolve, reject) => {
      const giveUp = (death: Fault): void => resolve(onDeath(death));
      this.#calls.add(giveUp);
      call.then(resolve, reject).finally(() => this.#calls.delete(giveUp));
    });
  }

  #die(reason: string): void {
    if (this.#death !== null) return;
    this.#death = writerDeath(reason);
    this.#pages.removeAllListeners('message');
    this.#pages.close();
    for (const giveUp of this.#calls) giveUp(this.#death);
    this.#calls.clear();
    for (const [taskId, batch] of this.#batches) this.#giveUp(taskId, batch, this.#death);
    this.#batches.clear();
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
