/**
 * Starts: what a scheduler uses of the limiter. One that is alone has a plan of its own; several of one
 * process take turns over one limiter and one plan (start-turns.ts).
 */
import type { Answered, OwnStart } from './announced-limits.js';
import type { Limiter } from './limiter.js';
import { type StartDecision, StartPlan } from './start-plan.js';
import type { StartAnswer } from './start-reservation.js';
import type { LimitPolicy } from './token-bucket.js';
import type { WaitReason } from './wait-times.js';

/** As of `StartPlan`. */
export interface Permission extends StartDecision {
  /** What is waited for, if not permitted. @default permit */
  readonly waitsFor?: WaitReason;
}

export interface Starts {
  /** Of the limits that hold for it the one that permits the least; null: none is known. */
  readonly policy: LimitPolicy | null;
  /** When these permit a start; see `Limiter`. */
  nextStartMs(nowMs: number): number;
  /** Asks for one start. The caller calls `take` if it uses the permission. */
  next(nowMs: number): Permission;
  /** Uses a permission. */
  take(nowMs: number): OwnStart;
  /** No start is wanted for now. */
  withdraw(): void;
  /** What was asked of the reservation is answered. */
  reserved(answer: StartAnswer): void;
  /** As the limiter's: each start that was taken ends with one of these. */
  accepted(request: OwnStart, answer: Answered & { readonly headAtMs: number }): void;
  failed(request: OwnStart, answer: Answered, isUnsaid: boolean): void;
  refused(request: OwnStart, answer: Answered, nowMs: number): boolean;
}

/** Of the only scheduler of a limiter. */
export class OwnStarts implements Starts {
  readonly #limiter: Limiter;
  readonly #plan: StartPlan;

  constructor(limiter: Limiter) {
    this.#limiter = limiter;
    this.#plan = new StartPlan(limiter);
  }

  get policy(): LimitPolicy | null {
    return this.#limiter.policy;
  }

  nextStartMs(nowMs: number): number {
    return this.#limiter.nextStartMs(nowMs);
  }

  next(nowMs: number): Permission {
    return this.#plan.next(nowMs);
  }

  take(nowMs: number): OwnStart {
    this.#plan.started();
    return this.#limiter.take(nowMs);
  }

  withdraw(): void {}

  reserved(answer: StartAnswer): void {
    this.#plan.reserved(answer);
  }

  accepted(request: OwnStart, answer: Answered & { readonly headAtMs: number }): void {
    this.#limiter.accepted(request, answer);
  }

  failed(request: OwnStart, answer: Answered, isUnsaid: boolean): void {
    this.#limiter.failed(request, answer, isUnsaid);
  }

  refused(request: OwnStart, answer: Answered, nowMs: number): boolean {
    return this.#limiter.refused(request, answer, nowMs);
  }
}
