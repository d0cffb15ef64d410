/** Compares rows, wherever they come from, with a ledger: the whole proof, without a database. */
import { judgeTable } from './judge-table.js';
import { checkLedger, uncovered } from './ledger-checks.js';
import { RowLocator } from './locate-rows.js';
import { type ReadRows, sumTable } from './sum-table.js';
import { pageDifference, unclaimedRows } from './table-differences.js';
import type { Ledger, Verification, VerifiedPage } from './verify-types.js';

/** @param read streams all rows of the table; called again where rows are to be named */
export async function compareTable(
  ledger: Ledger,
  read: ReadRows,
): Promise<Omit<Verification, 'durationMs'>> {
  const { run, pages } = ledger;
  const own = pages.filter((page) => page.run === run.run);
  const { view, rowsRead } = await sumTable(read, pages, ledger.strays);
  const judgement = judgeTable(view, ledger);
  const locator = new RowLocator(view, judgement);
  if (locator.isNeeded) await read((rows) => locator.look(rows));
  const differences = [
    ...checkLedger(run, own, ledger.orphans),
    ...judgement.suspects.map((suspect) =>
      pageDifference(suspect, run.run, locator.noteOn(suspect)),
    ),
    ...judgement.unclaimedElements.map((element) =>
      unclaimedRows(view, element, { pages: own, ids: locator.unclaimedIds(element) }),
    ),
    ...judgement.differences,
  ];
  const total = (count: (page: VerifiedPage) => number): number =>
    own.reduce((sum, page) => sum + count(page), 0);
  return {
    ok: differences.length === 0,
    ...run,
    rows: judgement.rowCount,
    pages: own.length,
    returned: total(({ returned }) => returned),
    inserted: total(({ inserted }) => inserted),
    duplicate: total(({ duplicate }) => duplicate),
    quarantined: total(({ quarantined }) => quarantined),
    tableRows: rowsRead,
    differences,
    stillToFetch: run.status === 'complete' ? [] : uncovered(own),
  };
}
