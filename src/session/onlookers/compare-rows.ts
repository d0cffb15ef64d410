/** Tells the alerts of a complete run that was given far fewer records than the ones before it. */
import type { RunOutcome } from '../../core/scheduler-types.js';
import { openRunHistory } from '../../database/run-history.js';
import { COMPARED_RUNS_MAX, rowFall } from '../../observe/alerts/row-fall.js';
import type { SessionParts } from '../session-parts.js';

/** A database that cannot say ends nothing: the run is complete. */
export async function compareRows(
  { context, database, onlookers: { alerts }, prepared }: SessionParts,
  outcome: RunOutcome,
): Promise<void> {
  const share = context.config.alerts?.rowFallShare ?? 0;
  if (alerts === null || share === 0 || outcome.status !== 'complete') return;
  try {
    const history = openRunHistory(database.pool);
    const before = await history.returnedBefore(prepared.run.run, COMPARED_RUNS_MAX);
    if (before === null || before.earlier.length === 0) return;
    alerts.compared(prepared.run.run, rowFall(before.records, before.earlier, share));
  } catch (error) {
    alerts.complain(error);
  }
}
