/**
 * Whether Redis can be reached, told once when it is lost and once when it is back. What Redis says
 * against a command, or what is odd in it, is told once each.
 */
import type { RedisAddress } from './redis-address.js';
import { firstCause, redisProblem } from './redis-problem.js';
import { within } from './within.js';

/** A server that is frozen keeps its connections open: it is not waited for any longer. */
export const ANSWER_TIMEOUT_MS = 5_000;

/** One connection sends commands, one waits for jobs: both are needed. */
export type Connection = 'commands' | 'waits';

export interface ContactListener {
  /** Says what is wrong, where, and what to do. */
  readonly onTrouble: (message: string) => void;
  /** Redis can be reached again. Follows only on a trouble that said that it can't. */
  readonly onBack: () => void;
  /** False: Redis can't be reached. True: it can again, or need not be any more. @default nothing */
  readonly onReach?: (isReached: boolean) => void;
}

/** Texts that differ in a number each time must not fill the memory. */
const TOLD_MAX = 100;

export class RedisContact {
  readonly #address: RedisAddress;
  readonly #listener: ContactListener;
  readonly #lost = new Set<Connection>();
  readonly #told = new Set<string>();
  /** What was told of this outage, and is told again of the next. */
  readonly #ofOutage = new Set<string>();
  #wasReached = false;
  #isOver = false;

  constructor(address: RedisAddress, listener: ContactListener) {
    this.#address = address;
    this.#listener = listener;
  }

  /**
   * Sends what `work` sends, for a bounded time. Never rejects.
   *
   * @returns null when it did not get through, or Redis has forgotten what it was about
   */
  async ask<T>(work: () => Promise<T>, limitMs = ANSWER_TIMEOUT_MS): Promise<T | null> {
    try {
      const answer = await within(limitMs, work());
      this.reached('commands');
      return answer;
    } catch (error) {
      this.failed(error);
      return null;
    }
  }

  /** A command failed. */
  failed(error: unknown): void {
    if (isForgotten(error)) this.reached('commands');
    else if (isRefusal(error)) this.#refused(this.#problem(error));
    else this.lost('commands', error);
  }

  lost(connection: Connection, error: unknown): void {
    const isFirst = this.#lost.size === 0;
    this.#lost.add(connection);
    if (isFirst && !this.#isOver) this.#listener.onReach?.(false);
    // What Redis says against a new connection explains more than that the old one is gone.
    if (!isFirst && !isRefusal(error)) return;
    const problem = this.#problem(error);
    if (this.#ofOutage.has(problem)) return;
    this.#ofOutage.add(problem);
    this.tell(problem);
  }

  reached(connection: Connection): void {
    this.#wasReached = true;
    if (!this.#lost.delete(connection) || this.#lost.size > 0) return;
    this.#ofOutage.clear();
    if (this.#isOver) return;
    this.#listener.onReach?.(true);
    this.#listener.onBack();
  }

  once(message: string): void {
    if (this.#told.has(message) || this.#told.size >= TOLD_MAX) return;
    this.#told.add(message);
    this.tell(message);
  }

  tell(message: string): void {
    if (!this.#isOver) this.#listener.onTrouble(message);
  }

  /** Nothing is told from now on. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#lost.size > 0) this.#listener.onReach?.(true);
  }

  /** BullMQ passes on what a connection that cannot be made says, too. */
  #refused(problem: string): void {
    if (!this.#ofOutage.has(problem)) this.once(problem);
  }

  #problem(error: unknown): string {
    return redisProblem(error, this.#address, this.#wasReached);
  }
}

/** BullMQ numbers what its scripts find amiss: no such job, no lock, not in the state. */
function isForgotten(error: unknown): boolean {
  return typeof (error as { code?: unknown }).code === 'number';
}

/** Redis is there, and says no. */
export function isRefusal(error: unknown): boolean {
  const first = firstCause(error);
  return first instanceof Error && first.name === 'ReplyError';
}
