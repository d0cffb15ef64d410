/** The table as sums at the breakpoints of the ledger: every row is looked at once, and none kept. */
import { Breakpoints } from './breakpoints.js';
import type { TableView } from './page-claims.js';
import { idText } from './page-names.js';
import type { RowColumns } from './row-decoder.js';
import type { Strays } from './strays.js';
import { ElementSums, plus, type Sum, sumOfRow, ZERO } from './sums.js';
import type { VerifiedPage } from './verify-types.js';

const UNTIMED_IDS_MAX = 3;

/** Streams all rows of the table. @returns how many there were */
export type ReadRows = (onRows: (rows: RowColumns) => void) => Promise<number>;

/** @param pages of all runs @param strays all that the ledger names; those in the table are marked */
export async function sumTable(
  read: ReadRows,
  pages: readonly VerifiedPage[],
  strays: Strays,
): Promise<{ view: TableView; rowsRead: number }> {
  const breakpoints = new Breakpoints(placesOf(pages));
  const sums = new ElementSums(breakpoints.elementCount);
  const unnamed = { count: 0, ids: [] as string[] };
  const rowsRead = await read((rows) => {
    const { rowCount, ids, occurredAtMs, fractionUs } = rows;
    for (let row = 0; row < rowCount; row++) {
      const ms = occurredAtMs[row] as number;
      if (Number.isNaN(ms)) {
        if (strays.see(ids, row, ms, 0)) continue;
        unnamed.count++;
        if (unnamed.ids.length < UNTIMED_IDS_MAX) {
          unnamed.ids.push(idText(ids.subarray(row * 16, row * 16 + 16)));
        }
        continue;
      }
      const element = breakpoints.elementOf(ids, row, ms);
      const fraction = fractionUs[row] as number;
      if (fraction === 0 && strays.see(ids, row, ms, element)) continue;
      sums.add(element, ids, row, ms, fraction);
    }
  });
  const prefixes = sums.prefixes();
  const ofStrays = {
    strays,
    straysIn: strays.byElement(),
    namedWithin: sumNamed(breakpoints, pages, strays),
  };
  return { view: { breakpoints, prefixes, ...ofStrays, unnamedUntimed: unnamed }, rowsRead };
}

function sumNamed(
  breakpoints: Breakpoints,
  pages: readonly VerifiedPage[],
  strays: Strays,
): Map<number, Sum> {
  const named = new Map<number, Sum>();
  for (let index = 0; index < strays.count; index++) {
    const { pageIndex, id, ms } = strays.at(index);
    const page = pages[pageIndex];
    if (page === undefined || Number.isNaN(ms)) continue;
    const { from, to } = breakpoints.range(page.after, page.through);
    const element = breakpoints.elementOf(id, 0, ms);
    if (element < from || element >= to) continue;
    named.set(pageIndex, plus(named.get(pageIndex) ?? ZERO, sumOfRow(id, 0, ms)));
  }
  return named;
}

function* placesOf(pages: readonly VerifiedPage[]) {
  for (const { after, through } of pages) {
    if (after !== null) yield after;
    if (through !== null) yield through;
  }
}
