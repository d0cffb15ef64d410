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
import type { Largest, Split } from './splitter.js';

export class Giving {
  readonly #context: RunContext;
  /** Starts no page any more; null: nothing is to be given. */
  #leaving: number | null = null;

  constructor(context: RunContext) {
    this.#context = context;
  }

  /** What is left of what would be given, or cut in two: ms of the order, or children; 0: nothing would. */
  get shareable(): number {
    const { feed } = this.#context.options.frontier;
    if (feed?.ofChildren) return feed.left < 2 ? 0 : feed.left;
    return (this.#spare() ?? this.#cut())?.leftMs ?? 0;
  }

  /** Another member has nothing to do, and this one has the most that could be shared. */
  helpWanted(): void {
    const { frontier } = this.#context.options;
    if (frontier.feed?.ofChildren)
      return this.#give(frontier.feed.give().map((seed) => seed.segment));
    const spare = this.#spare();
    if (spare !== null) {
      this.#leaving = spare.segment;
      return frontier.segments.hold(spare.segment);
    }
    const split = this.#cut();
    if (split !== null) this.#context.split(split.segment, split.at);
  }

  /** Gives what is to be given, once nothing of it is under way. @returns whether it has */
  settle(): boolean {
    const segment = this.#leaving;
    if (segment === null) return false;
    const { options, outstanding } = this.#context;
    const { frontier } = options;
    // It has come to its end meanwhile, or its walk began again elsewhere.
    const isGone = !frontier.segments.isOpen(segment);
    const isUnderWay = outstanding.hasOf(segment) || frontier.hasRepairOf(segment);
    if (!isGone && isUnderWay) return false;
    this.#leaving = null;
    if (isGone) {
      // An end that is not believed is asked for again.
      frontier.segments.keep(segment);
      return false;
    }
    frontier.segments.forget(segment);
    this.#give([segment]);
    return true;
  }

  #spare(): Largest | null {
    const { options, splitter } = this.#context;
    return this.#mayGive ? options.frontier.segments.spare(splitter) : null;
  }

  /** None while one that was cut before has not been reached: help is asked for again and again. */
  #cut(): (Split & Largest) | null {
    const { options, splitter } = this.#context;
    const { frontier } = options;
    const mayCut = this.#mayGive && frontier.segments.unproven === 0 && frontier.canSplit(1);
    return mayCut ? splitter.best([...frontier.segments.cuttable()]) : null;
  }

  get #mayGive(): boolean {
    return this.#context.order.holds && this.#leaving === null;
  }

  #give(segments: readonly number[]): void {
    if (segments.length > 0) this.#context.say({ type: 'giveSegments', segments });
  }
}
