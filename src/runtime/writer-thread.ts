/** The writer thread, as main sees it: comlink's calls, and its death as a fault of each of them. */
import { Worker } from 'node:worker_threads';
import { type Remote, wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import type { Fault } from '../core/fault.js';
import type { WriterCalls } from '../protocol/writer-messages.js';
import { WORKER_RESOURCE_LIMITS } from './worker-limits.js';

const WORKER_URL = new URL('../../workers/writer.worker.js', import.meta.url);

export class WriterThread {
  readonly #worker: Worker;
  readonly #calls: Remote<WriterCalls>;
  #death: Fault | null = null;
  /** Called at its death: a dead thread answers nothing. */
  readonly #outstanding = new Set<(death: Fault) => void>();

  /** @param environment all that the thread sees of it: what node-postgres reads itself */
  constructor(environment: Readonly<Record<string, string>>) {
    this.#worker = new Worker(WORKER_URL, {
      env: environment,
      resourceLimits: WORKER_RESOURCE_LIMITS,
    });
    this.#calls = wrap<WriterCalls>(nodeEndpoint(this.#worker));
    this.#worker.once('error', (error) => this.#die(error.message));
    this.#worker.once('exit', (code) => this.#die(`exit code ${code}`));
  }

  /** Why it is dead; null while it lives. */
  get death(): Fault | null {
    return this.#death;
  }

  /** What a call resolves with, or what its death is for it. Rejects because of a bug in the thread. */
  outlive<T>(
    call: (calls: Remote<WriterCalls>) => Promise<T>,
    onDeath: (death: Fault) => T,
  ): Promise<T> {
    if (this.#death !== null) return Promise.resolve(onDeath(this.#death));
    return new Promise((resolve, reject) => {
      const giveUp = (death: Fault): void => resolve(onDeath(death));
      this.#outstanding.add(giveUp);
      call(this.#calls)
        .then(resolve, reject)
        .finally(() => this.#outstanding.delete(giveUp));
    });
  }

  /** Ends it because of a bug. */
  fail(bug: unknown): Fault {
    const death = this.#die(bug instanceof Error ? bug.message : String(bug));
    void this.#worker.terminate();
    return death;
  }

  /** Ends it, whatever it is doing. */
  async close(): Promise<void> {
    await this.#worker.terminate();
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
