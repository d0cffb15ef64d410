/**
 * Judges the table: which rows are missing, changed, or there without any page that claims them.
 * Pure.
 *
 * What this run claims must be in the table, so too few rows and other rows are always a difference.
 * Too many are one unless something else accounts for them:
 *  - pages over the same stretch that are proven, of this run or another: the source had more rows
 *    when they were fetched;
 *  - runs over other origins, whose rows lie between those of this run (shared-table.ts).
 */
import { assert } from '../../core/fault.js';
import { type BrokenClaim, checkClaim, heldBetween, type TableView } from './page-claims.js';
import { idText, instantName, number, pageName, rowCount } from './page-names.js';
import { judgeSharedTable, originNames, tile } from './shared-table.js';
import { misstatement } from './table-differences.js';
import type { Difference, Ledger, VerifiedPage, VerifiedRun } from './verify-types.js';

/** A page whose claim does not hold, for the second look. */
export interface Suspect {
  readonly page: VerifiedPage;
  readonly claim: BrokenClaim;
}

export interface Judgement {
  /** Each is a difference; a second look may name its row. */
  readonly suspects: readonly Suspect[];
  /** Elements with rows that no page claims: each is a difference too. */
  readonly unclaimedElements: readonly number[];
  /** All others. */
  readonly differences: readonly Difference[];
  /** Rows of this run. */
  readonly rowCount: number;
}

export function judgeTable(view: TableView, ledger: Ledger): Judgement {
  const { run, runs, pages } = ledger;
  const claims = pages.map((page, index) => checkClaim(view, page, index));
  const elementCount = view.breakpoints.elementCount;
  const rangeOf = (page: VerifiedPage) => view.breakpoints.range(page.after, page.through);
  const coverOf = (chosen: readonly VerifiedPage[]) => cover(elementCount, chosen.map(rangeOf));
  const isOwn = (page: VerifiedPage) => page.run === run.run;
  const own = coverOf(pages.filter(isOwn));
  const others = coverOf(pages.filter((page) => !isOwn(page)));
  const proven = coverOf(pages.filter((_, index) => claims[index]?.type === 'proven'));

  const suspects: Suspect[] = [];
  const misstated: Difference[] = [];
  pages.forEach((page, index) => {
    const claim = claims[index];
    assert(claim !== undefined, 'every page has its claim checked');
    const { from, to } = rangeOf(page);
    const elements = range(from, to);
    if (claim.type === 'proven' || page.unreadable.length > 0) return;
    // Of other runs only what lies where this run has no page: the rest is judged by its own pages.
    if (!isOwn(page) && !elements.some((element) => own[element] === 0)) return;
    if (claim.type === 'misstated') {
      if (isOwn(page)) misstated.push(misstatement(page, claim.held));
      return;
    }
    if (!isOwn(page) && claim.type === 'missing') return;
    const isAccountedFor = (element: number): boolean =>
      proven[element] !== 0 || heldBetween(view, element, element + 1).count === 0;
    if (claim.type === 'surplus' && elements.every(isAccountedFor)) return;
    suspects.push({ page, claim });
  });

  const originOf = originNames(runs);
  const isShared = ({ page, claim }: Suspect): boolean => {
    if (claim.type !== 'surplus') return false;
    const { from, to } = rangeOf(page);
    const foreign = coverOf(pages.filter((one) => originOf(one) !== originOf(page)));
    return range(from, to).some((element) => foreign[element] !== 0);
  };
  const shared = suspects.filter(isShared);
  const clear = suspects.filter((suspect) => !isShared(suspect));
  const unclaimedElements = range(0, elementCount).filter(
    (element) =>
      own[element] === 0 &&
      others[element] === 0 &&
      heldBetween(view, element, element + 1).count > 0,
  );
  const differences = [
    ...misstated,
    ...(shared.length === 0
      ? []
      : judgeSharedTable(
          view,
          ledger,
          shared.map(({ page }) => page),
        )),
    ...strayDifferences(view, run, pages),
  ];
  const held = ownRows(view, run, pages, own);
  if (clear.length + unclaimedElements.length + differences.length === 0) {
    differences.push(...checkInserted(run, pages, held));
  }
  const isAlone = own.every((times, element) => times === 0 || others[element] === 0);
  const rowCount = isAlone ? held : claimedRows(pages.filter(isOwn), held);
  return { suspects: clear, unclaimedElements, differences, rowCount };
}

function strayDifferences(
  { strays, unnamedUntimed }: TableView,
  run: VerifiedRun,
  pages: readonly VerifiedPage[],
): Difference[] {
  const differences: Difference[] = [];
  // Pages that served the same row again name it again.
  const told = new Set<string>();
  for (let index = 0; index < strays.count; index++) {
    if (strays.isSeen(index)) continue;
    const { pageIndex, id, ms } = strays.at(index);
    const page = pages[pageIndex];
    if (page === undefined || page.run !== run.run) continue;
    const instant = Number.isNaN(ms) ? 'without occurred_at' : `of ${instantName(ms)}`;
    const row = `${idText(id)} ${instant}`;
    if (told.has(row)) continue;
    told.add(row);
    differences.push({
      kind: 'missing',
      where: pageName(page, run.run),
      message: `the row ${row} is missing or changed`,
      segment: page.segment,
      page: page.page,
    });
  }
  if (unnamedUntimed.count > 0) {
    const { count, ids } = unnamedUntimed;
    differences.push({
      kind: 'added',
      where: 'rows without occurred_at',
      message: `${rowCount(count)} that no page of the ledger claims: ${ids.join(', ')}${count > ids.length ? ', …' : ''}`,
    });
  }
  return differences;
}

function ownRows(
  view: TableView,
  run: VerifiedRun,
  pages: readonly VerifiedPage[],
  own: readonly number[],
): number {
  let count = 0;
  own.forEach((times, element) => {
    if (times !== 0) count += heldBetween(view, element, element + 1).count;
  });
  const { strays } = view;
  for (let index = 0; index < strays.count; index++) {
    const { pageIndex } = strays.at(index);
    const isOwn = pages[pageIndex]?.run === run.run || own[strays.elementOf(index)] !== 0;
    if (strays.isCounted(index) && isOwn) count++;
  }
  return count;
}

/** Where other runs have rows between those of this one, its claims tell which are its own. */
function claimedRows(own: readonly VerifiedPage[], held: number): number {
  const tiles = tile(own);
  if (tiles === null) return held;
  const claimed = tiles.reduce((sum, { timed, untimed }) => sum + timed.count + untimed, 0);
  return Math.min(claimed, held);
}

/** The pages of a run cannot have inserted more rows than there are within them. */
function checkInserted(
  run: VerifiedRun,
  pages: readonly VerifiedPage[],
  heldCount: number,
): Difference[] {
  const inserted = pages
    .filter((page) => page.run === run.run)
    .reduce((sum, page) => sum + page.inserted, 0);
  if (inserted <= heldCount) return [];
  const message = `the ledger counts ${number(inserted)} rows as inserted, and the table holds ${number(heldCount)} of this run`;
  return [{ kind: 'ledger', where: `run ${run.run}`, message }];
}

/** How many of the ranges cover each element. */
function cover(elementCount: number, ranges: readonly { from: number; to: number }[]): number[] {
  const changes = new Array<number>(elementCount + 1).fill(0);
  for (const { from, to } of ranges) {
    if (from >= to) continue;
    changes[from] = (changes[from] ?? 0) + 1;
    changes[to] = (changes[to] ?? 0) - 1;
  }
  let times = 0;
  return changes.slice(0, elementCount).map((change) => {
    times += change;
    return times;
  });
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}
