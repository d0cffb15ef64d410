/**
 * The writer thread, as main sees it: comlink calls in, results out, its death as a fault.
 */
import { Worker } from 'node:worker_threads';
import { type Remote, transfer, wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import type { Fault } from '../core/fault.js';
import type {
  PageWrite,
  WriteResult,
  WriterApi,
  WriterNotice,
  WriterSettings,
} from '../protocol/writer-messages.js';

import { WORKER_RESOURCE_LIMITS } from './worker-limits.js';

const WORKER_URL = new URL('../../workers/writer.worker.js', import.meta.url);

export class WriterHandle {
  readonly #worker: Worker;
  readonly #api: Remote<WriterApi>;
  #death: Fault | null = null;
  /** Calls that wait for an answer: a dead thread never gives one. */
  readonly #waiting = new Set<(death: Fault) => void>();

  /**
   * @param environment all that the thread sees of it: what node-postgres reads itself
   * @param onWaiting told of each wait for a database that is away or refuses for now
   */
  constructor(
    environment: Readonly<Record<string, string>>,
    onWaiting: (fault: Fault) => void = () => {},
  ) {
    const resourceLimits = WORKER_RESOURCE_LIMITS;
    this.#worker = new Worker(WORKER_URL, { env: environment, resourceLimits });
    this.#api = wrap<WriterApi>(nodeEndpoint(this.#worker));
    // Comlink's answers come over the same port; they have no `type` of ours.
    this.#worker.on('message', (message: WriterNotice | { readonly type?: string }) => {
      if (message.type === 'waiting' && 'fault' in message) onWaiting(message.fault);
    });
    this.#worker.once('error', (error) => this.#die(error.message));
    this.#worker.once('exit', (code) => this.#die(`exit code ${code}`));
  }

  /** Why its thread is dead; null while it lives. */
  get death(): Fault | null {
    return this.#death;
  }

  /** @returns null when the database can be used, else why not */
  async open(settings: WriterSettings): Promise<Fault | null> {
    return this.#outlive(this.#api.open(settings), (death) => death);
  }

  /** Commits one page; its buffers are moved to the thread and come back with the answer. */
  async write(page: PageWrite): Promise<WriteResult> {
    const { batch } = page;
    const call: Promise<WriteResult> = this.#api.write(transfer(page, [batch.body, batch.columns]));
    return this.#outlive(call, (fault) => ({ type: 'failed', fault, batch }));
  }

  /** Finishes what was accepted, closes the connections, ends the thread. */
  async close(): Promise<void> {
    await this.#outlive(this.#api.drain(), () => undefined);
    await this.#worker.terminate();
  }

  #outlive<T>(call: Promise<T>, onDeath: (death: Fault) => T): Promise<T> {
    if (this.#death !== null) return Promise.resolve(onDeath(this.#death));
    return new Promise((resolve, reject) => {
      const giveUp = (death: Fault): void => resolve(onDeath(death));
      this.#waiting.add(giveUp);
      call.then(resolve, reject).finally(() => this.#waiting.delete(giveUp));
    });
  }

  #die(reason: string): void {
    if (this.#death !== null) return;
    this.#death = writerDeath(reason);
    for (const giveUp of this.#waiting) giveUp(this.#death);
    this.#waiting.clear();
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
