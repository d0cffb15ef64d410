/** What a simulated history has come to, as the API and the ledger show it. */
import { planResume } from '../../src/core/resume.js';
import type { SimulatedApi } from './simulated-api.js';
import type { History } from './simulated-history.js';
import type { SimulatedLedger } from './simulated-ledger.js';
import type { SimulatedSeeds } from './simulated-seeds.js';
import { fullestWindow } from './windows.js';

export function seenByApi(api: SimulatedApi): Pick<History, 'refused' | 'fullestWindow' | 'quota'> {
  const { quota, windowMs } = api.settings;
  return { refused: api.refused, fullestWindow: fullestWindow(api.arrivalsMs, windowMs), quota };
}

type Kept = 'writes' | 'stored' | 'gapsAtEnd' | 'askedAgain' | 'counted' | 'differences';

export function keptInLedger(
  ledger: SimulatedLedger,
  { settings, paging, parents }: SimulatedApi,
  seeds: SimulatedSeeds,
): Pick<History, Kept> {
  const { writes, pages } = ledger;
  return {
    writes: Array.from({ length: settings.rows }, (_, row) => writes[row] ?? 0),
    stored: writes.filter((count) => count > 0).length,
    gapsAtEnd:
      parents === null
        ? planResume(pages, { paging, nowMs: 0 }).gaps.length
        : seeds.unfinished(pages),
    askedAgain: seeds.askedAgain,
    counted: ledger.rowsCounted,
    differences: ledger.differences(),
  };
}
