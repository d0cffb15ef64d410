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
 * reservation, a free slot) wakes it. Who is held by something of its own, as a limit of its path, keeps its
 * place, and lets others go before it meanwhile.
 *
 * Until a page has come, requests go one by one, as the first of a single scheduler does: a wrong key costs one.
 */
import type { Answered, OwnStart } from './announced-limits.js';
import { assert } from './fault.js';
import { leastWithout } from './limit-log.js';
import type { Limiter } from './limiter.js';
import type { Slots } from './slots.js';
import { StartPlan } from './start-plan.js';
import type { StartAnswer, StartRequest } from './start-reservation.js';
import type { Permission, Starts } from './starts.js';
import type { LimitPolicy } from './token-bucket.js';
import type { WaitReason } from './wait-times.js';

/** What holds for the requests of one scheduler. */
export interface TurnTerms {
  /** A request needs one of each. */
  readonly slots: readonly Slots[];
  /** Names of limits that do not hold for it. */
  readonly without: ReadonlySet<string>;
}

export const COMMON_TERMS: TurnTerms = { slots: [], without: new Set() };

export class StartTurns {
  readonly limiter: Limiter;
  readonly #plan: StartPlan;
  /** Limits that hold for some alone. */
  readonly #special: ReadonlySet<string>;
  /** Who wants a start; the first that is not held has the turn. */
  readonly #queue: StreamTurn[] = [];
  #inFlight = 0;
  #hasAnswer = false;

  /** @param special names of limits that do not hold for all of them */
  constructor(limiter: Limiter, special: ReadonlySet<string> = COMMON_TERMS.without) {
    this.limiter = limiter;
    this.#plan = new StartPlan(limiter);
    this.#special = special;
  }

  /**
   * @param wake has the scheduler step soon, and not at once: it may be called within a step of another one
   */
  join(wake: () => void, terms = COMMON_TERMS): StreamTurn {
    return new StreamTurn(this, wake, terms);
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
    const { inFlightMax } = this.limiter;
    // What it was held by when it last looked may be over: else nobody would wake it.
    member.heldUntilMs = 0;
    if (this.#inFlight > 0 && !this.#hasAnswer) return waiting('answer');
    if (inFlightMax !== null && this.#inFlight >= inFlightMax) return waiting('slot');
    member.heldUntilMs = this.#heldUntilMs(member, nowMs);
    if (member.heldUntilMs > 0) {
      this.#wakeFirst();
      const isSlot = member.heldUntilMs === Number.POSITIVE_INFINITY;
      return { ...waiting(isSlot ? 'slot' : 'permit'), wakeAtMs: member.heldUntilMs };
    }
    return this.#first === member
      ? this.#plan.next(nowMs, member.terms.without)
      : waiting('permit');
  }

  take(member: StreamTurn, nowMs: number): OwnStart {
    assert(this.#first === member, 'a start is taken by the stream whose turn it is');
    this.#plan.started();
    this.#inFlight++;
    for (const each of member.terms.slots) each.take();
    this.withdraw(member);
    return this.limiter.take(nowMs, member.terms.without);
  }

  withdraw(member: StreamTurn): void {
    const index = this.#queue.indexOf(member);
    if (index < 0) return;
    this.#queue.splice(index, 1);
    this.#wakeFirst();
  }

  /** A request is over. @param isTaken the API has let it in, or refused it for a limit */
  settled({ terms }: StreamTurn, isTaken: boolean): void {
    this.#inFlight--;
    this.#hasAnswer ||= isTaken;
    for (const each of terms.slots) each.release();
    for (const each of this.#queue) each.slotIsFree();
    this.#wakeFirst();
  }

  /** By something that does not hold all: until an instant, or until a slot is free; 0: by nothing. */
  #heldUntilMs({ terms }: StreamTurn, nowMs: number): number {
    if (terms.slots.some(({ isFree }) => !isFree)) return Number.POSITIVE_INFINITY;
    if (this.#special.size === 0) return 0;
    const ofAllMs = Math.max(nowMs, this.limiter.nextStartMs(nowMs, this.#special));
    const ownMs = this.limiter.nextStartMs(nowMs, terms.without);
    return ownMs > ofAllMs ? ownMs : 0;
  }

  get #first(): StreamTurn | undefined {
    return this.#queue.find(({ heldUntilMs }) => heldUntilMs === 0);
  }

  #wakeFirst(): void {
    this.#first?.wake();
  }
}

/** The share of one scheduler. */
export class StreamTurn implements Starts {
  readonly wake: () => void;
  readonly terms: TurnTerms;
  /** See `StartTurns`; as of its last look. */
  heldUntilMs = 0;
  readonly #turns: StartTurns;

  constructor(turns: StartTurns, wake: () => void, terms: TurnTerms) {
    this.#turns = turns;
    this.wake = wake;
    this.terms = terms;
  }

  get policy(): LimitPolicy | null {
    return leastWithout(this.#turns.limiter.limits(), this.terms.without);
  }

  nextStartMs(nowMs: number): number {
    return this.#turns.limiter.nextStartMs(nowMs, this.terms.without);
  }

  next(nowMs: number): Permission {
    return this.#turns.next(this, nowMs);
  }

  take(nowMs: number): OwnStart {
    return this.#turns.take(this, nowMs);
  }

  withdraw(): void {
    this.heldUntilMs = 0;
    this.#turns.withdraw(this);
  }

  slotIsFree(): void {
    if (this.heldUntilMs === Number.POSITIVE_INFINITY) this.heldUntilMs = 0;
  }

  /** All of them have heard it already: the scheduler that asked may be gone by then. */
  reserved(): void {}

  accepted(request: OwnStart, answer: Answered & { readonly headAtMs: number }): void {
    this.#turns.limiter.accepted(request, answer);
    this.#turns.settled(this, true);
  }

  failed(request: OwnStart, answer: Answered, isUnsaid: boolean): void {
    this.#turns.limiter.failed(request, answer, isUnsaid);
    this.#turns.settled(this, false);
  }

  refused(request: OwnStart, answer: Answered, nowMs: number): boolean {
    const isNews = this.#turns.limiter.refused(request, answer, nowMs);
    this.#turns.settled(this, true);
    return isNews;
  }
}

function waiting(waitsFor: WaitReason): Permission {
  return { isPermitted: false, wakeAtMs: Number.POSITIVE_INFINITY, request: null, waitsFor };
}
