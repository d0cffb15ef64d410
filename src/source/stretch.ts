/** The stretch of its order that a run of an ordered stream reads. Pure. */
import type { Stretch } from '../core/resume.js';
import { HIGHEST_ID, LOWEST_ID } from '../paging/position.js';
import { type CursorScalar, instantOf } from './cursor-value.js';
import type { Pass } from './pass.js';
import type { IncrementalPlan } from './plan.js';

/**
 * Both ends with all records of their instants: those that are there already are known by their key.
 *
 * @returns null: all of it
 */
export function stretchOfPass(
  incremental: Pick<IncrementalPlan, 'type'> | null,
  { start, end }: Pass,
): Stretch | null {
  if (incremental === null) return null;
  const instant = (value: CursorScalar | null) =>
    value === null ? null : instantOf(value, incremental.type);
  const [fromMs, toMs] = [instant(start), instant(end)];
  if (fromMs === null && toMs === null) return null;
  return {
    after: toMs === null ? null : { ms: toMs, id: HIGHEST_ID },
    bound: fromMs === null ? null : { ms: fromMs, id: LOWEST_ID },
  };
}
