/** The result of a verification, from what was compared. Pure. */
import { uncovered } from './check-chains.js';
import { unfinishedChildren } from './check-children.js';
import { checkLedger } from './check-ledger.js';
import { type Comparison, restOfOthers } from './compare-table.js';
import type { Difference, Ledger, Unfetched, Verification, VerifiedPage } from './verify-types.js';

/** @param ofTable differences of the table */
export function verification(
  ledger: Ledger,
  { owners }: Comparison,
  ofTable: readonly Difference[],
  withData: boolean,
): Omit<Verification, 'durationMs'> {
  const { run, pass } = ledger;
  const pages = ledger.pages.filter((page) => page.run === run.run);
  const differences = [...checkLedger(ledger, pages), ...ofTable];
  const total = (count: (page: VerifiedPage) => number): number =>
    pages.reduce((sum, page) => sum + count(page), 0);
  const tableRows = owners.run + owners.otherRuns + owners.nobody + owners.unknown;
  const unowned = pages.filter(({ id }) => id === null);
  const foundRows =
    total(({ id, inserted }) => (id === null ? inserted : 0)) + restOfOthers(ledger);
  return {
    ok: differences.length === 0,
    ...run,
    pass,
    rows: owners.run + Math.min(foundRows, owners.otherRuns + owners.nobody),
    pages: pages.length,
    unownedPages: unowned.length,
    returned: total(({ returned }) => returned),
    inserted: total(({ inserted }) => inserted),
    updated: total(({ updated }) => updated),
    superseded: total(({ superseded }) => superseded),
    duplicate: total(({ duplicate }) => duplicate),
    differing: total(({ differing }) => differing),
    quarantined: total(({ quarantined }) => quarantined),
    tableRows,
    owners,
    dataPages: withData ? pages.filter(({ dataDigest }) => dataDigest !== null).length : null,
    differences,
    stillToFetch: run.status === 'complete' ? [] : stillToFetch(ledger, pages),
  };
}

function stillToFetch(
  { children, within }: Ledger,
  pages: readonly VerifiedPage[],
): readonly Unfetched[] {
  if (children === null) return uncovered(pages, within);
  const count = unfinishedChildren(pages, children);
  return count === 0 ? [] : [{ after: null, through: null, children: count }];
}
