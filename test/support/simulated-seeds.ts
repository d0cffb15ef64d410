/** The children of a simulated run, as the ledger gives them: what is left of each, in blocks. */
import { type ChildPlan, planChild } from '../../src/core/child-resume.js';
import type { CommittedPage } from '../../src/core/committed-page.js';
import type { SchedulerCommand } from '../../src/core/scheduler-types.js';
import type { SegmentSeed } from '../../src/core/segment.js';
import { childCursor } from '../../src/paging/child-cursor.js';
import type { SeedBlock } from '../../src/runtime/run-journal.js';

export class SimulatedSeeds {
  /** As the ledger has them; null: the stream stands by itself. */
  readonly children: readonly { readonly segment: number; readonly parent: string }[] | null;
  readonly #parents: readonly string[];
  /** Finished when the process began. */
  #finished = new Set<string>();
  /** Of the children: how many this process has looked at. */
  #looked = 0;
  /** What it has planned, and has not taken. */
  #planned: readonly SegmentSeed[] = [];
  /** Segments that are to be walked, and have not ended. */
  readonly #open = new Set<number>();
  #askedAgain = 0;

  /** @param parents the values of each, as JSON text; null: the stream stands by itself */
  constructor(parents: readonly string[] | null) {
    this.#parents = parents ?? [];
    this.children = parents?.map((parent, index) => ({ segment: index + 1, parent })) ?? null;
  }

  get askedAgain(): number {
    return this.#askedAgain;
  }

  /** A process begins. @param planned its segments, unless they are children */
  begin(pages: readonly CommittedPage[], planned: readonly SegmentSeed[]): void {
    this.#looked = 0;
    this.#planned = planned;
    this.#open.clear();
    for (const { segment } of planned) this.#open.add(segment);
    this.#finished = new Set(this.#starts.filter((start) => isWalked(start, pages)));
  }

  asked(cursor: string | null): void {
    if (cursor !== null && this.#finished.has(cursor)) this.#askedAgain++;
  }

  /** What becomes of segments. */
  told(command: SchedulerCommand): void {
    if (command.type === 'openSegment') this.#open.add(command.seed.segment);
    if (command.type === 'splitSegment') this.#open.add(command.newSegment);
    if (command.type === 'endSegment') this.#open.delete(command.segment);
  }

  /** @param size of a block @returns null: nothing is to be taken now, and not all is walked */
  take(size: number, pages: readonly CommittedPage[], nowMs: number): SeedBlock | null {
    if (this.#planned.length > 0) {
      const seeds = this.#planned;
      this.#planned = [];
      return { seeds, isThrough: false };
    }
    if (this.#looked === this.#parents.length) {
      return this.#open.size > 0 ? null : { seeds: [], isThrough: true };
    }
    const starts = this.#starts.slice(this.#looked, this.#looked + size);
    const plans = starts.map((startCursor, nth): ChildPlan<CommittedPage> => {
      const segment = this.#looked + nth + 1;
      const own = pages.filter((page) => page.segment === segment);
      return planChild({ segment, startCursor, pages: own }, nowMs);
    });
    this.#looked += starts.length;
    const seeds = plans.flatMap(({ seed }) => seed ?? []);
    for (const { segment } of seeds) this.#open.add(segment);
    return seeds.length === 0 ? this.take(size, pages, nowMs) : { seeds, isThrough: false };
  }

  /** Children that no chain of pages leads through. */
  unfinished(pages: readonly CommittedPage[]): number {
    return this.#starts.filter((start) => !isWalked(start, pages)).length;
  }

  get #starts(): readonly string[] {
    return this.#parents.map((of) => childCursor({ of, at: null }));
  }
}

/** Whether pages lead from a cursor to one that says it is the last. A cursor may have been renewed. */
function isWalked(start: string, pages: readonly CommittedPage[]): boolean {
  const seen = new Set<CommittedPage>();
  const open = pages.filter(({ cursor }) => cursor === start);
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (!at.hasMore) return true;
    if (seen.has(at)) continue;
    seen.add(at);
    const { segment, page, nextCursor } = at;
    const follows = (one: CommittedPage) =>
      one.cursor === nextCursor || (one.segment === segment && one.page === page + 1);
    open.push(...pages.filter(follows));
  }
  return false;
}
