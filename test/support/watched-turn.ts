/** The turns of one stream, with a count of what others start while it wants to. */
import type { OwnStart } from '../../src/core/announced-limits.js';
import type { StreamTurn } from '../../src/core/start-turns.js';
import type { Permission, Starts } from '../../src/core/starts.js';

export class WatchedTurn implements Starts {
  readonly #turn: StreamTurn;
  readonly #all: readonly WatchedTurn[];
  /** Since it wants one; null: it does not. */
  #waited: number | null = null;
  waitedMax = 0;
  inFlight = 0;

  /** @param all those of the process, to which this one is added */
  constructor(turn: StreamTurn, all: WatchedTurn[]) {
    this.#turn = turn;
    this.#all = all;
    all.push(this);
  }

  get policy(): Starts['policy'] {
    return this.#turn.policy;
  }

  nextStartMs(nowMs: number): number {
    return this.#turn.nextStartMs(nowMs);
  }

  next(nowMs: number): Permission {
    this.#waited ??= 0;
    return this.#turn.next(nowMs);
  }

  take(nowMs: number): OwnStart {
    for (const each of this.#all) if (each !== this) each.#otherStarted();
    this.#waited = null;
    this.inFlight++;
    return this.#turn.take(nowMs);
  }

  withdraw(): void {
    this.#waited = null;
    this.#turn.withdraw();
  }

  reserved(): void {}

  accepted(...answer: Parameters<Starts['accepted']>): void {
    this.inFlight--;
    this.#turn.accepted(...answer);
  }

  failed(...answer: Parameters<Starts['failed']>): void {
    this.inFlight--;
    this.#turn.failed(...answer);
  }

  refused(...answer: Parameters<Starts['refused']>): boolean {
    this.inFlight--;
    return this.#turn.refused(...answer);
  }

  #otherStarted(): void {
    // What a limit of its own holds waits for that.
    if (this.#waited === null || this.#turn.heldUntilMs > 0) return;
    this.#waited++;
    this.waitedMax = Math.max(this.waitedMax, this.#waited);
  }
}
