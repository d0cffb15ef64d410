/** The children of a simulated run, as the ledger gives them: what is left of each, in blocks. */
import { type ChildPlan, planChild, type ResumingProcess } from '../../src/core/child-resume.js';
import type { CommittedPage } from '../../src/core/committed-page.js';
import type { SegmentSeed } from '../../src/core/segment.js';
import { childCursor } from '../../src/paging/child-cursor.js';

export class SimulatedSeeds {
  /** As the ledger has them; null: the stream stands by itself. */
  readonly children: readonly { readonly segment: number; readonly parent: string }[] | null;
  readonly #parents: readonly string[];
  /** Finished when the process began. */
  #finished = new Set<string>();
  #askedAgain = 0;

  /** @param parents the values of each, as JSON text; null: the stream stands by itself */
  constructor(parents: readonly string[] | null) {
    this.#parents = parents ?? [];
    this.children = parents?.map((parent, index) => ({ segment: index + 1, parent })) ?? null;
  }

  get askedAgain(): number {
    return this.#askedAgain;
  }

  /** A process begins. */
  begin(pages: readonly CommittedPage[]): void {
    this.#finished = new Set(this.#starts.filter((start) => isWalked(start, pages)));
  }

  asked(cursor: string | null): void {
    if (cursor !== null && this.#finished.has(cursor)) this.#askedAgain++;
  }

  /** @param size of a block */
  read(
    behind: number,
    size: number,
    { pages, ...process }: { readonly pages: readonly CommittedPage[] } & ResumingProcess,
  ): { readonly seeds: readonly SegmentSeed[]; readonly behind: number | null } {
    const starts = this.#starts.slice(behind, behind + size);
    const plans = starts.map((startCursor, nth): ChildPlan<CommittedPage> => {
      const segment = behind + nth + 1;
      const own = pages.filter((page) => page.segment === segment);
      return planChild({ segment, startCursor, pages: own }, process);
    });
    const seeds = plans.flatMap(({ seed }) => seed ?? []);
    return { seeds, behind: behind + size < this.#parents.length ? behind + size : null };
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
