/** The sentences about a table that is not what the ledger claims. */
import { comparePositions } from '../../core/position.js';
import type { Suspect } from './judge-table.js';
import { heldBetween, type TableView } from './page-claims.js';
import { number, pageName, rowCount, stretchName } from './page-names.js';
import type { Sum } from './sums.js';
import type { Difference, VerifiedPage } from './verify-types.js';

/** @param note what a second look found; empty: nothing */
export function pageDifference({ page, claim }: Suspect, run: number, note: string): Difference {
  const inTable = number(claim.held.count);
  const inLedger = number(page.timed.count);
  const where = { where: pageName(page, run), segment: page.segment, page: page.page };
  const counts = `(${inTable} in the table, ${inLedger} in the ledger)`;
  const tail = note === '' ? '' : `: ${note}`;
  switch (claim.type) {
    case 'missing':
      return {
        kind: 'missing',
        ...where,
        message: `${rowCount(claim.count)} missing ${counts}${tail}`,
      };
    case 'surplus':
      return { kind: 'added', ...where, message: `${rowCount(claim.count)} more ${counts}${tail}` };
    case 'changed':
      return {
        kind: 'changed',
        ...where,
        message: `as many rows as in the ledger (${inLedger}), but another id or occurred_at${tail}`,
      };
  }
}

/** The ledger contradicts its own digest. */
export function misstatement(page: VerifiedPage, held: Sum): Difference {
  const says =
    held.count === page.timed.count
      ? 'the sum of occurred_at in the ledger is not that of the rows that its digest proves'
      : `the ledger counts ${number(page.timed.count)} rows, and its digest proves ${number(held.count)}`;
  return {
    kind: 'ledger',
    where: pageName(page, page.run),
    message: says,
    segment: page.segment,
    page: page.page,
  };
}

/** @param near `ids`: some of the rows; `pages`: of the run that is verified */
export function unclaimedRows(
  view: TableView,
  element: number,
  near: { readonly pages: readonly VerifiedPage[]; readonly ids: readonly string[] },
): Difference {
  const { count } = heldBetween(view, element, element + 1);
  const stretch = view.breakpoints.placeOf(element);
  const { after } = stretch;
  const before = near.pages.find(
    ({ through }) => after !== null && through !== null && comparePositions(through, after) === 0,
  );
  const ids = `${near.ids.join(', ')}${count > near.ids.length ? ', …' : ''}`;
  const message = `${rowCount(count)} that no page of the ledger claims: ${ids}`;
  if (before === undefined) return { kind: 'added', where: stretchName(stretch), message };
  return { kind: 'added', where: `behind ${pageName(before, before.run)}`, message };
}
