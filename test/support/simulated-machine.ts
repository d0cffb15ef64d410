/** What a simulated process runs on: a clock of its own, and an end or a pause that may come at any time. */
import type { ProcessClock } from './simulated-requests.js';
import type { SimulatedTime } from './simulated-time.js';

export class SimulatedMachine implements ProcessClock {
  readonly #time: SimulatedTime;
  readonly clockOffsetMs: number;
  /** What has come while it was paused. */
  #deferred: (() => void)[] = [];
  #frozenSinceMs = 0;
  #frozenUntilMs = 0;
  /** When it was last paused, or woke up; epoch ms. */
  #frozenAtMs = Number.NEGATIVE_INFINITY;
  #isAlive = true;

  constructor(time: SimulatedTime, clockOffsetMs: number) {
    this.#time = time;
    this.clockOffsetMs = clockOffsetMs;
  }

  get nowMs(): number {
    return this.#time.nowMs;
  }

  get clockMs(): number {
    return this.nowMs + this.clockOffsetMs;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isFrozen(): boolean {
    return this.#isAlive && this.nowMs < this.#frozenUntilMs;
  }

  /** 0: it is not paused. */
  get frozenForMs(): number {
    return this.isFrozen ? this.nowMs - this.#frozenSinceMs : 0;
  }

  /** Whether it has been paused within a span until now. */
  wasFrozenWithin(spanMs: number): boolean {
    return this.isFrozen || this.#frozenAtMs > this.nowMs - spanMs;
  }

  /** In the process, when it is there. */
  at(atMs: number, run: () => void): void {
    this.#time.atAnyRate(atMs, () => this.#run(run));
  }

  /** It wakes with everything as it was. */
  freeze(forMs: number): void {
    if (!this.isFrozen) this.#frozenSinceMs = this.nowMs;
    this.#frozenUntilMs = this.nowMs + forMs;
    this.#time.atAnyRate(this.#frozenUntilMs, () => {
      if (this.isFrozen || !this.isAlive) return;
      this.#frozenAtMs = this.nowMs;
      for (const run of this.#deferred.splice(0)) this.#run(run);
    });
  }

  /** Nothing happens in it any more. */
  end(): void {
    this.#isAlive = false;
    this.#deferred = [];
  }

  #run(run: () => void): void {
    if (!this.isAlive) return;
    if (this.isFrozen) this.#deferred.push(run);
    else run();
  }
}
