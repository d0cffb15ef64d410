/**
 * The queue of several simulated processes: jobs come in any order, late, twice or not at all; all of them are gone
 * at once; it is away for a while. What is held by a process that is not heard of goes to another.
 */
import type { SegmentSpan } from '../../src/core/taking.js';
import { jobId } from '../../src/queue/job-id.js';
import { drawInteger, type Random } from './random.js';
import type { SimulatedMachine } from './simulated-machine.js';
import type { SimulatedTime } from './simulated-time.js';

/** Of one share. */
export interface QueueUser {
  readonly machine: SimulatedMachine;
  hasLeft: boolean;
}

interface Entry extends SegmentSpan {
  readonly id: string;
  /** Null: it waits. */
  holder: QueueUser | null;
  /** Told by each hand that it is in. */
  hand: number;
}

export interface TakenJob extends SegmentSpan {
  done(): void;
  putOff(delayMs: number): void;
}

interface Taker {
  readonly user: QueueUser;
  readonly give: (job: TakenJob | null) => void;
}

/** A job stays so long with a process that is not heard of. */
const LOCK_MS = 5_000;
const LOST_SHARE = 0.02;
const DOUBLED_SHARE = 0.03;
const LATE_SHARE = 0.1;
const LATE_MS_MAX = 3_000;

export class SimulatedQueue {
  readonly #time: SimulatedTime;
  readonly #random: Random;
  #entries = new Map<string, Entry>();
  #takers: Taker[] = [];
  #backAtMs = 0;

  constructor(time: SimulatedTime, random: Random) {
    this.#time = time;
    this.#random = random;
  }

  get isAway(): boolean {
    return this.#time.nowMs < this.#backAtMs;
  }

  goAway(forMs: number): void {
    this.#backAtMs = this.#time.nowMs + forMs;
  }

  empty(): void {
    this.#entries.clear();
  }

  offer(jobs: readonly SegmentSpan[]): void {
    if (this.isAway) return;
    for (const { first, last } of jobs) {
      const id = jobId({ first, last });
      if (this.#entries.has(id) || this.#random() < LOST_SHARE) continue;
      this.#wait({ id, first, last, holder: null, hand: 0 });
    }
  }

  /** @returns gives up @param give is called once */
  take(user: QueueUser, give: (job: TakenJob | null) => void): () => void {
    const taker = { user, give };
    this.#takers.push(taker);
    this.#deal();
    return () => {
      if (!this.#takers.includes(taker)) return;
      this.#takers = this.#takers.filter((one) => one !== taker);
      give(null);
    };
  }

  /** What it holds is free for others. */
  leave(user: QueueUser): void {
    user.hasLeft = true;
    this.#takers = this.#takers.filter((one) => one.user !== user);
    if (this.isAway) return;
    for (const entry of this.#entries.values()) {
      if (entry.holder === user) this.#takeBack(entry);
    }
    this.#deal();
  }

  #wait(entry: Entry): void {
    const isLate = this.#random() < LATE_SHARE;
    this.#entries.set(entry.id, entry);
    if (!isLate) return this.#deal();
    entry.holder = NOBODY;
    this.#free(entry, drawInteger(this.#random, 1, LATE_MS_MAX));
  }

  /** It waits again after a while, unless it is in other hands by then. */
  #free(entry: Entry, afterMs: number): void {
    const { hand } = entry;
    this.#time.atAnyRate(this.#time.nowMs + afterMs, () => {
      if (entry.hand !== hand || this.#entries.get(entry.id) !== entry) return;
      entry.holder = null;
      this.#deal();
    });
  }

  #deal(): void {
    if (this.isAway) return;
    for (;;) {
      const waiting = [...this.#entries.values()].filter(({ holder }) => holder === null);
      const entry = waiting[drawInteger(this.#random, 0, waiting.length - 1)];
      this.#takers = this.#takers.filter(({ user }) => user.machine.isAlive);
      const taker = this.#takers.find(({ user }) => !user.machine.isFrozen);
      if (entry === undefined || taker === undefined) return;
      this.#takers = this.#takers.filter((one) => one !== taker);
      const isDoubled = this.#random() < DOUBLED_SHARE;
      const job = this.#hand(entry, taker.user);
      const atMs = this.#time.nowMs + drawInteger(this.#random, 1, 5);
      taker.user.machine.at(atMs, () => taker.give(job));
      if (isDoubled) this.#free(entry, drawInteger(this.#random, 0, LATE_MS_MAX));
    }
  }

  #hand(entry: Entry, user: QueueUser): TakenJob {
    entry.holder = user;
    const hand = ++entry.hand;
    this.#watch(entry, user, hand);
    const leave = (how: () => void): void => {
      if (entry.hand !== hand || this.#entries.get(entry.id) !== entry) return;
      // What the queue does not hear of is not renewed all the same.
      if (this.isAway) entry.holder = NOBODY;
      else how();
    };
    const { first, last } = entry;
    return {
      ...{ first, last },
      done: () => leave(() => this.#entries.delete(entry.id)),
      putOff: (delayMs) => leave(() => this.#free(entry, delayMs)),
    };
  }

  /** Its lock runs out where its holder is not heard of. */
  #watch(entry: Entry, user: QueueUser, hand: number): void {
    this.#time.atAnyRate(this.#time.nowMs + LOCK_MS, () => {
      const isHere = this.#entries.get(entry.id) === entry && entry.hand === hand;
      if (!isHere) return;
      const { machine, hasLeft } = user;
      const isRenewed = entry.holder === user && !hasLeft && machine.isAlive && !machine.isFrozen;
      if (isRenewed) return this.#watch(entry, user, hand);
      this.#takeBack(entry);
      this.#deal();
    });
  }

  #takeBack(entry: Entry): void {
    entry.hand++;
    entry.holder = null;
  }
}

/** Who holds what is on its way. */
const NOBODY = { hasLeft: false } as QueueUser;

/** A job of what the ledger says, which the queue does not know. */
export function unqueued(span: SegmentSpan): TakenJob {
  return { ...span, done: () => {}, putOff: () => {} };
}

/** @param nth tells those apart that look at the same time */
export function oneOf(free: readonly SegmentSpan[], nth: number): TakenJob | null {
  const span = free[nth % free.length];
  return span === undefined ? null : unqueued(span);
}
