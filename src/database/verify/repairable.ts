/** What of a failed proof can be fetched again. Pure. */
import type { Verification } from './verify-types.js';

type Failed = Pick<Verification, 'run' | 'differences'>;

/**
 * Pages of the run whose rows, counts or quarantine are not what they wrote, by the ids that their rows
 * carry. What no page of the run wrote is not among them, nor what was written before rows had owners.
 */
export function pagesToRelease({ run, differences }: Failed): number[] {
  const ids = differences.flatMap((one) =>
    one.run === run && one.kind !== 'chain' ? (one.pageId ?? []) : [],
  );
  return [...new Set(ids)];
}

/** Whether a resume may mend something of it: pages that are fetched again, or what no page covers. */
export function isRepairable(failed: Failed): boolean {
  return (
    pagesToRelease(failed).length > 0 || failed.differences.some(({ kind }) => kind === 'chain')
  );
}
