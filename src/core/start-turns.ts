/**
 * Start turns: several schedulers of one process over one limiter, with one plan of starts.
 *
 *   idle ──next──▶ last in the queue ──those before it start──▶ its turn ──take──▶ idle
 *                          └──────────────withdraw────────────────┘
 *
 * Whoever wants a start joins the end of the queue, and goes there again for the next one. So a stream of
 * one chain waits for one start of each other stream at most, however many chains those have, and one
 * that wanted nothing for a while has saved up nothing. Only the first in the queue looks at the
 * limit: it waits for its instant, and what changes that instant (an answer to any of them, a
 * reservation, a free slot) wakes it.
 *
 * Until a page has come, requests go one by one, as the first of a single scheduler does: a wrong key costs one.
 */
import type { Answered, OwnStart } from './announced-limits.js';
import { assert } from './fault.js';
import type { Limiter } from './limiter.js';
import type { Slots } from './slots.js';
import { StartPlan } from './start-plan.js';
import type { StartAnswer, StartRequest } from './start-reservation.js';
import type { Permission, Starts } from './starts.js';
import type { WaitReason } from './wait-times.js';

export class StartTurns {
  readonly limiter: Limiter;
  readonly #plan: StartPlan;
  readonly #slots: readonly Slots[];
  /** Who wants a start; the first has the turn. */
  readonly #queue: StreamTurn[] = [];
  #inFlight = 0;
  #hasAnswer = false;

  /** @param slots that a request of theirs needs one of each */
  constructor(limiter: Limiter, slots: readonly Slots[] = []) {
    this.limiter = limiter;
    this.#plan = new StartPlan(limiter);
    this.#slots = slots;
    for (const each of slots) each.whenFree(() => this.#wakeFirst());
  }

  /**
   * @param wake has the scheduler step soon, and not at once: it may be called within a step of another one
   */
  join(wake: () => void): StreamTurn {
    return new StreamTurn(this, wake);
  }

  /** A reservation that one of them has asked for is answered, whether or not that one is still there. */
  reserved(answer: StartAnswer): void {
    this.#plan.reserved(answer);
    this.#wakeFirst();
  }

  /** Nobody wants a start any more: what to save. `reserved` is called with the answer. */
  giveBack(nowMs: number): StartRequest {
    return this.#plan.giveBack(nowMs);
  }

  // --- of its members --------------------------------------------------------------------------

  next(member: StreamTurn, nowMs: number): Permission {
    if (!this.#queue.includes(member)) this.#queue.push(member);
    const waitsFor = this.#obstacle;
    if (waitsFor !== null) return waiting(waitsFor);
    if (this.#queue[0] !== member) return waiting('permit');
    return this.#plan.next(nowMs);
  }

  take(member: StreamTurn, nowMs: number): OwnStart {
    assert(this.#queue[0] === member, 'a start is taken by the stream whose turn it is');
    this.#plan.started();
    this.#inFlight++;
    for (const each of this.#slots) each.take();
    this.#queue.shift();
    this.#wakeFirst();
    return this.limiter.take(nowMs);
  }

  withdraw(member: StreamTurn): void {
    const index = this.#queue.indexOf(member);
    if (index < 0) return;
    this.#queue.splice(index, 1);
    if (index === 0) this.#wakeFirst();
  }

  /** A request of theirs is over. @param isTaken the API has let it in, or refused it for a limit */
  settled(isTaken: boolean): void {
    this.#inFlight--;
    this.#hasAnswer ||= isTaken;
    for (const each of this.#slots) each.release();
    this.#wakeFirst();
  }

  get #obstacle(): WaitReason | null {
    if (this.#inFlight > 0 && !this.#hasAnswer) return 'answer';
    if (this.#inFlight >= (this.limiter.inFlightMax ?? Number.POSITIVE_INFINITY)) return 'slot';
    return this.#slots.every(({ isFree }) => isFree) ? null : 'slot';
  }

  #wakeFirst(): void {
    this.#queue[0]?.wake();
  }
}

/** The share of one scheduler. */
export class StreamTurn implements Starts {
  readonly wake: () => void;
  readonly #turns: StartTurns;

  constructor(turns: StartTurns, wake: () => void) {
    this.#turns = turns;
    this.wake = wake;
  }

  next(nowMs: number): Permission {
    return this.#turns.next(this, nowMs);
  }

  take(nowMs: number): OwnStart {
    return this.#turns.take(this, nowMs);
  }

  withdraw(): void {
    this.#turns.withdraw(this);
  }

  /** All of them have heard it already: the scheduler that asked may be gone by then. */
  reserved(): void {}

  accepted(request: OwnStart, answer: Answered & { readonly headAtMs: number }): void {
    this.#turns.limiter.accepted(request, answer);
    this.#turns.settled(true);
  }

  failed(request: OwnStart, answer: Answered, isUnsaid: boolean): void {
    this.#turns.limiter.failed(request, answer, isUnsaid);
    this.#turns.settled(false);
  }

  refused(request: OwnStart, answer: Answered, nowMs: number): boolean {
    const isNews = this.#turns.limiter.refused(request, answer, nowMs);
    this.#turns.settled(true);
    return isNews;
  }
}

function waiting(waitsFor: WaitReason): Permission {
  return { isPermitted: false, wakeAtMs: Number.POSITIVE_INFINITY, request: null, waitsFor };
}
