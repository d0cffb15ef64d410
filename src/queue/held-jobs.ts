/** What this process holds of a BullMQ queue. A lock runs out unless it is renewed; then others may take the job. */
import type { BullJob, BullWorker } from './bull-queue.js';
import type { RedisContact } from './redis-contact.js';
import type { HeldJob, SegmentJob } from './segment-queue.js';

/** A job with the token that its lock bears. */
export interface TakenJob {
  readonly job: BullJob;
  readonly token: string;
}

interface Held extends TakenJob, SegmentJob {}

export class HeldJobs {
  readonly #worker: BullWorker;
  readonly #contact: RedisContact;
  readonly #lockDurationMs: number;
  readonly #held = new Set<Held>();

  constructor(worker: BullWorker, contact: RedisContact, lockDurationMs: number) {
    this.#worker = worker;
    this.#contact = contact;
    this.#lockDurationMs = lockDurationMs;
  }

  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  hold(taken: TakenJob, { first, last }: SegmentJob): HeldJob {
    const held = { ...taken, first, last };
    this.#held.add(held);
    return {
      first,
      last,
      done: () => this.#leave(held, finish),
      putOff: (delayMs) =>
        this.#leave(held, ({ job, token }) => job.moveToDelayed(Date.now() + delayMs, token)),
    };
  }

  /** What is not done and not put off. What Redis has forgotten, or given to another, is held no longer. */
  async renew(): Promise<void> {
    const held = [...this.#held].filter(({ job }) => job.id !== undefined);
    if (held.length === 0) return;
    const ids = held.map(({ job }) => job.id ?? '');
    const tokens = held.map(({ token }) => token);
    const lost = await this.#contact.ask(() =>
      this.#worker.extendJobLocks(ids, tokens, this.#lockDurationMs),
    );
    for (const one of held) if (lost?.includes(one.job.id ?? '')) this.#held.delete(one);
  }

  /** Others may take all of it, the lowest segment first. */
  async free(): Promise<void> {
    const fromHighest = [...this.#held].sort((a, b) => b.first - a.first);
    this.#held.clear();
    await Promise.all(fromHighest.map((taken) => this.giveBack(taken)));
  }

  /** To the head of the queue. */
  async giveBack({ job, token }: TakenJob): Promise<void> {
    await this.#contact.ask(() => job.moveToWait(token));
  }

  /** The queue forgets it. */
  async drop(taken: TakenJob): Promise<void> {
    await this.#contact.ask(() => finish(taken));
  }

  async #leave(held: Held, how: (taken: TakenJob) => Promise<unknown>): Promise<void> {
    if (!this.#held.delete(held)) return;
    await this.#contact.ask(() => how(held));
  }
}

function finish({ job, token }: TakenJob): Promise<unknown> {
  return job.moveToCompleted(null, token, false);
}
