/**
 * Giving: what a member leaves to another one that has nothing to do.
 *
 *   help is wanted ─┬─ children wait ──────────▶ half of them is given at once
 *                   ├─ a segment can be spared ▶ it starts no page, and is given when all of it is committed
 *                   └─ there is but one ───────▶ it is cut: the next call finds two
 *
 * A segment is given once a page of it has come: that it can be reached is proved then, and who takes it goes on
 * with a cursor that the API gave.
 */
import type { RunContext } from './run-context.js';

export class Giving {
  readonly #context: RunContext;
  /** Starts no page any more; null: nothing is to be given. */
  #leaving: number | null = null;

  constructor(context: RunContext) {
    this.#context = context;
  }

  /** What is left of the largest segment that could be given: ms of the order, or children; 0: nothing could. */
  get shareable(): number {
    const { frontier } = this.#context.options;
    if (frontier.feed?.ofChildren) return frontier.feed.left < 2 ? 0 : frontier.feed.left;
    if (!this.#context.order.holds || this.#leaving !== null) return 0;
    const open = [...frontier.segments.open()];
    const isCuttable = frontier.canSplit(1);
    return open.length < 2 && !isCuttable ? 0 : this.#context.splitter.largestMs(open);
  }

  /** Another member has nothing to do, and this one has the most that could be shared. */
  helpWanted(): void {
    const { options, order, splitter } = this.#context;
    const { frontier } = options;
    if (frontier.feed?.ofChildren)
      return this.#give(frontier.feed.give().map((seed) => seed.segment));
    if (!order.holds || this.#leaving !== null) return;
    const spare = frontier.segments.spare(splitter);
    if (spare !== null) {
      this.#leaving = spare;
      return frontier.segments.hold(spare);
    }
    const split = frontier.canSplit(1) ? splitter.best([...frontier.segments.open()]) : null;
    if (split !== null) this.#context.split(split.segment, split.at);
  }

  /** Gives what is to be given, once nothing of it is under way. */
  settle(): void {
    const segment = this.#leaving;
    if (segment === null) return;
    const { options, outstanding } = this.#context;
    // It has come to its end meanwhile, or its walk began again elsewhere.
    const { frontier } = options;
    const isGone = !frontier.segments.isOpen(segment);
    const isUnderWay = outstanding.hasOf(segment) || frontier.hasRepairOf(segment);
    if (!isGone && isUnderWay) return;
    this.#leaving = null;
    if (isGone) return;
    frontier.segments.forget(segment);
    this.#give([segment]);
  }

  #give(segments: readonly number[]): void {
    if (segments.length > 0) this.#context.say({ type: 'giveSegments', segments });
  }
}
