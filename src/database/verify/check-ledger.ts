/** What the ledger must hold by itself, whatever is in the table. Pure. */
import { writtenText } from '../../core/committed-page.js';
import { checkChains } from './check-chains.js';
import { checkChildren } from './check-children.js';
import { number, pageDifference } from './page-names.js';
import type { Difference, Ledger, Orphans, VerifiedPage } from './verify-types.js';

/** @param pages of this run, by segment and page */
export function checkLedger(
  { run, within, orphans, children }: Pick<Ledger, 'run' | 'within' | 'orphans' | 'children'>,
  pages: readonly VerifiedPage[],
): Difference[] {
  const isComplete = run.status === 'complete';
  return [
    ...pages.flatMap((page) => [...checkCounts(page), ...checkQuarantine(page)]),
    ...orphans.map((orphan) => orphanDifference(orphan, run.run)),
    ...(children === null ? checkChains(pages, { isComplete, within }) : []),
    ...(children !== null && isComplete ? checkChildren(pages, children) : []),
  ];
}

function checkCounts(page: VerifiedPage): Difference[] {
  const { returned, inserted, updated, duplicate, known, quarantined } = page;
  const differences: Difference[] = [];
  if (returned !== inserted + updated + duplicate + quarantined) {
    const sum = `${writtenText(page)} + ${number(duplicate)} duplicate + ${number(quarantined)} quarantined`;
    differences.push(inLedger(page, `returned ${number(returned)} is not ${sum}`));
  }
  if (Math.min(returned, inserted, updated, duplicate, known, quarantined) < 0) {
    differences.push(inLedger(page, 'a count is negative'));
  }
  if (known > updated + duplicate) {
    const found = `${number(known)} rows that were there before`;
    differences.push(
      inLedger(page, `it found ${found}, and ${number(updated + duplicate)} duplicates in all`),
    );
  }
  return differences;
}

function checkQuarantine(page: VerifiedPage): Difference[] {
  if (page.kept === page.quarantined) return [];
  const message = `the quarantine holds ${number(page.kept)} records, the ledger counts ${number(page.quarantined)}`;
  return [pageDifference('quarantine', page, page.run, message)];
}

function orphanDifference({ segment, page, count }: Orphans, run: number): Difference {
  const message = `the quarantine holds ${number(count)} records of a page that the ledger does not have`;
  return pageDifference('quarantine', { id: null, run, segment, page }, run, message);
}

function inLedger(page: VerifiedPage, message: string): Difference {
  return pageDifference('ledger', page, page.run, message);
}
