/** The segments of a run: what each has left, and which of them has a page that may be asked for. */
import { assert } from './fault.js';
import { isNextTo } from './neighbours.js';
import { AFTER_ALL_OTHERS, type PageJob } from './page-job.js';
import { Segment, type SegmentSeed } from './segment.js';
import type { SegmentFeed } from './segment-feed.js';
import type { Largest, Remainder, Splitter } from './splitter.js';

/** Of a feed: children that fail, and rest, are not to pile up. */
const FED_MAX = 1_000;

export class Segments {
  readonly #byNumber = new Map<number, Segment>();
  readonly #feed: SegmentFeed | null;

  /** @param feed gives more of them; null: each is added */
  constructor(feed: SegmentFeed | null) {
    this.#feed = feed;
  }

  /** Whether nothing is left here. Other members may have more. */
  get isEmpty(): boolean {
    return !this.hasOpen && (this.#feed?.left ?? 0) === 0;
  }

  get hasOpen(): boolean {
    for (const { isOpen } of this.#byNumber.values()) if (isOpen) return true;
    return false;
  }

  /** Whether nothing is left but pages that wait for all others, and so for one another. */
  get isEmptyButLast(): boolean {
    for (const { isOpen, isReady, tip } of this.#byNumber.values()) {
      const isLast = isReady && tip.retryAtMs === AFTER_ALL_OTHERS;
      if (isOpen && !isLast) return false;
    }
    return (this.#feed?.left ?? 0) === 0;
  }

  /** Open ones whose start nothing but a built cursor has reached. */
  get unproven(): number {
    let count = 0;
    for (const { isUnproven, isOpen } of this.#byNumber.values()) if (isUnproven && isOpen) count++;
    return count;
  }

  all(): Iterable<Segment> {
    return this.#byNumber.values();
  }

  /** Open ones: where each stands and where it ends. */
  *open(): Iterable<Remainder> {
    for (const { number: segment, tip, bound, isOpen } of this.#byNumber.values()) {
      const { after, isAfterKnown } = tip;
      if (isOpen) yield { segment, after, bound, isAfterKnown };
    }
  }

  add(seed: SegmentSeed, isUnproven = false): Segment {
    assert(!this.#byNumber.has(seed.segment), 'a segment is added once');
    const segment = new Segment(seed, isUnproven);
    this.#byNumber.set(seed.segment, segment);
    return segment;
  }

  get(number: number): Segment | undefined {
    return this.#byNumber.get(number);
  }

  end(number: number): void {
    this.#byNumber.get(number)?.end();
  }

  of(job: PageJob): Segment {
    const segment = this.#byNumber.get(job.segment);
    assert(segment !== undefined, 'a page belongs to a known segment');
    return segment;
  }

  /**
   * A page that may be asked for now.
   *
   * @param mayBeLast also one that waits for all other segments, when these are through
   */
  ready(nowMs: number, mayBeLast: boolean): PageJob | null {
    let last: PageJob | null = null;
    let hasOthers = !mayBeLast;
    for (const { isOpen, isReady, tip } of this.#byNumber.values()) {
      if (isReady && tip.retryAtMs <= nowMs) return tip;
      if (isReady && tip.retryAtMs === AFTER_ALL_OTHERS) last ??= tip;
      else hasOthers ||= isOpen;
    }
    return this.#fed() ?? (hasOthers ? null : last);
  }

  /** The first page of the next child; null: there is none, or there are enough. */
  #fed(): PageJob | null {
    const seed = this.#byNumber.size < FED_MAX ? this.#feed?.take() : null;
    return seed == null ? null : this.add(seed).tip;
  }

  isOpen(number: number): boolean {
    return this.#byNumber.get(number)?.isOpen ?? false;
  }

  /** All of one that has ended is committed, or it is superseded. @returns false: that was told before */
  close(number: number): boolean {
    const isNews = this.#byNumber.get(number)?.close() ?? false;
    if (this.#feed?.ofChildren) this.forget(number);
    return isNews;
  }

  /** Those that may be cut: the rest of one that another member is to have is that one's. */
  *cuttable(): Iterable<Remainder> {
    for (const one of this.open()) if (this.#byNumber.get(one.segment)?.isHeld !== true) yield one;
  }

  /** The largest that can be left to another member; null: there is none beside what is kept. */
  spare(splitter: Splitter): Largest | null {
    const open = [...this.open()];
    return open.length < 2
      ? null
      : splitter.largest(open.filter(({ segment }) => this.#isSpare(segment)));
  }

  /** It is reached, and nothing is to be given back to it that was cut from it. */
  #isSpare(number: number): boolean {
    const segment = this.#byNumber.get(number);
    if (segment === undefined || segment.isUnproven) return false;
    for (const one of this.#byNumber.values())
      if (one.isOpen && one.isUnproven && isNextTo(segment, one)) return false;
    return true;
  }

  /** Another member is to have it: no page of it is asked for any more. */
  hold(number: number): void {
    this.#byNumber.get(number)?.hold();
  }

  /** It stays here after all. */
  keep(number: number): void {
    this.#byNumber.get(number)?.keep();
  }

  /** It is needed no more. */
  forget(number: number): void {
    this.#byNumber.delete(number);
  }

  /** When the next page may be asked for; Infinity when none is waiting. */
  nextReadyMs(): number {
    let earliestMs = Number.POSITIVE_INFINITY;
    for (const { isReady, tip } of this.#byNumber.values()) {
      if (isReady) earliestMs = Math.min(earliestMs, tip.retryAtMs);
    }
    return earliestMs;
  }
}
