import type { History } from './simulated-history.js';

/** What must hold of every history; the names of what does not. */
export function broken(history: History): string[] {
  const faults: string[] = [];
  if (history.outcome.status !== 'complete')
    faults.push(`ended ${JSON.stringify(history.outcome)}`);
  if (history.writes.some((count) => count === 0)) faults.push('rows are lost');
  const uncounted = history.stored - history.counted;
  if (uncounted !== 0) faults.push(`${uncounted} rows not counted`);
  faults.push(...history.differences);
  if (history.askedAgain > 0) faults.push(`${history.askedAgain} finished children asked again`);
  if (history.runsLeft > 0) faults.push(`${history.runsLeft} runs are left`);
  if (history.gapsAtEnd > 0) faults.push('the ledger has gaps');
  if (history.refused > 0) faults.push(`${history.refused} requests refused`);
  if (history.fullestWindow > (history.quota ?? Infinity))
    faults.push('a window holds more than the quota');
  if (history.heldBytesOver > 0) faults.push(`${history.heldBytesOver} bytes beyond the credits`);
  if (history.tipsInFlightMax > 2)
    faults.push('a segment has more than a tip and a repair in flight');
  return faults;
}
