/**
 * Segment feed: segments that are to be walked, and that nobody has begun. The ledger keeps them, as there may be
 * any number of children, and other members take of them too; only the next ones are here.
 *
 *   ledger ──seeded──▶ waiting ──take──▶ a segment of the frontier
 *              ▲           ├──give──▶ ledger, for another member
 *              └──wanted───┘ few are left
 */
import type { SegmentSeed } from './segment.js';

/** More children than any API answers in the time that the database takes for the next ones. */
const CHILDREN_AHEAD = 250;

export class SegmentFeed {
  /** Whether each segment is the child of a parent's row: then none tells of another. */
  readonly ofChildren: boolean;
  #waiting: readonly SegmentSeed[] = [];
  #taken = 0;
  #isAsked = false;
  #isThrough = false;

  constructor({ ofChildren }: { readonly ofChildren: boolean }) {
    this.ofChildren = ofChildren;
  }

  /** Whether nothing of the run is left, here or elsewhere, but what was taken. */
  get isExhausted(): boolean {
    return this.#isThrough && this.left === 0;
  }

  get left(): number {
    return this.#waiting.length - this.#taken;
  }

  /** Says once that more are wanted. @param isShort a request more could be made, and there is no page for it */
  wanted(isShort: boolean): boolean {
    const isEnough = this.ofChildren ? this.left >= CHILDREN_AHEAD : this.left > 0 || !isShort;
    if (this.#isAsked || this.#isThrough || isEnough) return false;
    this.#isAsked = true;
    return true;
  }

  /** Whether to ask for what dead members hold: however many segments wait here, but not while an answer is due. */
  leftBehind(): boolean {
    if (this.#isAsked || this.#isThrough) return false;
    this.#isAsked = true;
    return true;
  }

  /** @param isThrough that was all, and everything that was taken before is walked */
  seeded(seeds: readonly SegmentSeed[], isThrough: boolean): void {
    this.#waiting = [...this.#waiting.slice(this.#taken), ...seeds];
    this.#taken = 0;
    this.#isThrough = isThrough;
    this.#isAsked = false;
  }

  take(): SegmentSeed | null {
    const seed = this.#waiting[this.#taken];
    if (seed === undefined) return null;
    this.#taken++;
    return seed;
  }

  /** The later half of those that wait: they are another's. */
  give(): readonly SegmentSeed[] {
    const given = Math.floor(this.left / 2);
    if (given === 0) return [];
    const kept = this.#waiting.length - given;
    const seeds = this.#waiting.slice(kept);
    this.#waiting = this.#waiting.slice(0, kept);
    return seeds;
  }

  /** The walk begins again elsewhere. @returns those that wait no more */
  clear(): readonly SegmentSeed[] {
    const seeds = this.#waiting.slice(this.#taken);
    this.#waiting = [];
    this.#taken = 0;
    return seeds;
  }
}
