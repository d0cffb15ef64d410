import { drawInteger, type Random } from './random.js';

const CLOCK_KEPT = 1 / 3;

/** What will happen in a simulated run, in order; each process has a clock of its own. */
export class SimulatedTime {
  readonly #queue: { readonly atMs: number; readonly life: number; readonly run: () => void }[] =
    [];
  /** Of the API and the database. */
  nowMs = 1_800_000_000_000;
  /** How far the program's clock is ahead of that. */
  clockOffsetMs = 0;
  /** Counts processes: what an earlier one had begun does not reach a later one. */
  life = 0;

  /** By the program's clock. */
  get clockMs(): number {
    return this.nowMs + this.clockOffsetMs;
  }

  /** Happens only while this process lives. */
  at(atMs: number, run: () => void): void {
    this.#queue.push({ atMs, life: this.life, run });
  }

  /** Happens even when the process that asked for it is dead by then. */
  atAnyRate(atMs: number, run: () => void): void {
    this.#queue.push({ atMs, life: 0, run });
  }

  /** The clock is set between two of three processes. */
  stepClock(random: Random): void {
    if (random() >= CLOCK_KEPT) this.clockOffsetMs += drawInteger(random, -300, 300) * 1000;
  }

  /** Lets the next thing happen. @returns false when there is none */
  advance(): boolean {
    this.#queue.sort((a, b) => a.atMs - b.atMs);
    const next = this.#queue.shift();
    if (next === undefined) return false;
    this.nowMs = Math.max(this.nowMs, next.atMs);
    if (next.life === this.life || next.life === 0) next.run();
    return true;
  }
}
