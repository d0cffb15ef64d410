/**
 * A table that several runs fill. Pure.
 *
 * Rows of another origin lie between those of this run, and no row says whose it is. But what both
 * claim can be added up: where nothing was found twice, the table holds exactly the sum. Where the
 * origins share rows, only the count of inserted rows is left to compare.
 */
import { comparePositions } from '../../core/position.js';
import { heldBetween, straySums, type TableView } from './page-claims.js';
import { pagesName, rowCount } from './page-names.js';
import { hasSameDigest, plus, type Sum, ZERO } from './sums.js';
import type { Difference, Ledger, VerifiedPage, VerifiedRun } from './verify-types.js';

/** @param surplus pages within which the table has more rows than they claim */
export function judgeSharedTable(
  view: TableView,
  { run, runs, pages }: Ledger,
  surplus: readonly VerifiedPage[],
): Difference[] {
  const { strays } = view;
  const elementCount = view.breakpoints.elementCount;
  const held = heldBetween(view, 0, elementCount);
  const strayRows = straySums(view, 0, elementCount);
  const heldWithStrays = strayRows.reduce(plus, held);
  const claimed = claimedTogether(runs, pages);
  if (claimed !== null && [held, heldWithStrays].some((sum) => hasSameDigest(sum, claimed))) {
    return [];
  }
  const inserted = pages.reduce((sum, page) => sum + page.inserted, 0);
  const tableRows = heldWithStrays.count + strays.untimedSeenCount + view.unnamedUntimed.count;
  const isDisjoint = claimed !== null && claimed.count <= inserted;
  const mayHaveStrays = claimed !== null && claimed.count < heldWithStrays.count;
  // Some of the strays are claimed by an interval as well: which, nobody can tell.
  if (isDisjoint && mayHaveStrays && claimed.count > held.count) return [];
  const excess = isDisjoint ? heldWithStrays.count - claimed.count : tableRows - inserted;
  if (!isDisjoint && excess <= 0) return [];
  const others = [...new Set(pages.map((page) => page.run))].filter((other) => other !== run.run);
  const together = `than this run and run ${others.join(', ')} claim together`;
  const message =
    excess === 0
      ? `another id or occurred_at ${together}`
      : `${rowCount(Math.abs(excess))} ${excess > 0 ? 'more' : 'less'} ${together}`;
  return [
    {
      kind: excess > 0 ? 'added' : excess < 0 ? 'missing' : 'changed',
      where: pagesName(surplus, run.run),
      message,
    },
  ];
}

/** Which source a page is of: runs of one name see the same rows. */
export function originNames(runs: readonly VerifiedRun[]): (page: VerifiedPage) => string {
  const names = new Map(runs.map(({ run, source, origin }) => [run, `${source} ${origin}`]));
  return ({ run }) => names.get(run) ?? `run ${run}`;
}

/** The sum of what all origins claim; null where the pages of one overlap without tiling. */
function claimedTogether(runs: readonly VerifiedRun[], pages: readonly VerifiedPage[]): Sum | null {
  const originOf = originNames(runs);
  const byOrigin = new Map<string, VerifiedPage[]>();
  for (const page of pages) {
    const origin = originOf(page);
    const ofOrigin = byOrigin.get(origin);
    if (ofOrigin === undefined) byOrigin.set(origin, [page]);
    else ofOrigin.push(page);
  }
  let claimed = ZERO;
  for (const ofOrigin of byOrigin.values()) {
    const tiles = tile(ofOrigin);
    if (tiles === null) return null;
    claimed = tiles.map(({ timed }) => timed).reduce(plus, claimed);
  }
  return claimed;
}

/** Disjoint pages that cover all that the pages cover, the newest run's first; null: there are none. */
export function tile(pages: readonly VerifiedPage[]): VerifiedPage[] | null {
  const sorted = [...pages].sort((a, b) => byStart(a, b) || b.run - a.run);
  const tiles: VerifiedPage[] = [];
  let reached: VerifiedPage | null = null;
  for (const page of sorted) {
    if (reached === null || startsAtOrBehind(page, reached)) {
      tiles.push(page);
      reached = page;
    } else if (!endsWithin(page, reached)) return null;
  }
  return tiles;
}

function byStart(a: VerifiedPage, b: VerifiedPage): number {
  if (a.after === null || b.after === null) {
    return (a.after === null ? 0 : 1) - (b.after === null ? 0 : 1);
  }
  return comparePositions(a.after, b.after);
}

function startsAtOrBehind(page: VerifiedPage, reached: VerifiedPage): boolean {
  if (page.after === null || reached.through === null) return false;
  return comparePositions(page.after, reached.through) >= 0;
}

function endsWithin(page: VerifiedPage, reached: VerifiedPage): boolean {
  if (reached.through === null) return true;
  return page.through !== null && comparePositions(page.through, reached.through) <= 0;
}
