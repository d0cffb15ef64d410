/** What a simulated history has come to, as the API and the ledger show it. */
import { planResume, type Stretch } from '../../src/core/resume.js';
import type { SimulatedApi } from './simulated-api.js';
import type { History } from './simulated-history.js';
import type { SimulatedLedger } from './simulated-ledger.js';
import type { SimulatedSeeds } from './simulated-seeds.js';
import { fullestWindow } from './windows.js';

export function seenByApi(api: SimulatedApi): Pick<History, 'refused' | 'fullestWindow' | 'quota'> {
  const { quota, windowMs } = api.settings;
  return { refused: api.refused, fullestWindow: fullestWindow(api.arrivalsMs, windowMs), quota };
}

type Kept =
  | ('writes' | 'stored' | 'gapsAtEnd' | 'askedAgain')
  | ('counted' | 'pagesOfLast' | 'differences');

/** What of a run was to be read. */
export interface AskedOf {
  readonly seeds: SimulatedSeeds;
  readonly within: Stretch | null;
}

/** Stretches, or children, that no committed pages lead through. */
export function gapsOf(
  { pages }: SimulatedLedger,
  { paging, parents }: SimulatedApi,
  { seeds, within }: AskedOf,
): number {
  return parents === null
    ? planResume(pages, { paging, nowMs: 0, within }).gaps.length
    : seeds.unfinished(pages);
}

/** @param asked.rows that were there when the last run began @param asked.within what that was to read */
export function keptInLedger(
  ledger: SimulatedLedger,
  api: SimulatedApi,
  asked: AskedOf & { readonly rows: number },
): Pick<History, Kept> {
  const { writes, pages } = ledger;
  const { rows, seeds } = asked;
  return {
    writes: Array.from({ length: rows }, (_, row) => writes[row] ?? 0),
    stored: writes.filter((count) => count > 0).length,
    gapsAtEnd: gapsOf(ledger, api, asked),
    askedAgain: seeds.askedAgain,
    counted: ledger.rowsOfAll,
    pagesOfLast: pages.length,
    differences: ledger.differences(),
  };
}
