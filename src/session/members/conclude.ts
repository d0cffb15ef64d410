/**
 * What the end of one share makes of its run. The member that finds nothing left puts the run on record as
 * complete; one that fails or is stopped leaves it to the others, and the last one says how it ended.
 */
import { planResume } from '../../core/resume.js';
import type { RunOutcome } from '../../core/scheduler-types.js';
import { openMemberStore } from '../../database/members.js';
import { withPlanLock } from '../../database/plan-lock.js';
import { openSegmentStore } from '../../database/segment-store.js';
import { nowMs } from '../../runtime/clock.js';
import type { SessionParts } from '../session-parts.js';
import { type EnterAgain, livingOf } from './enter-run.js';

/** `left`: others go on, or have put the end on record. */
export type Conclusion = 'recorded' | 'left' | EnterAgain;

/** @param record puts the end of the run on record @throws IngestionError, what `record` throws */
export async function conclude(
  parts: SessionParts,
  outcome: RunOutcome,
  record: () => Promise<void>,
): Promise<Conclusion> {
  const { context, database, source, prepared, store, share } = parts;
  const recorded = async (): Promise<Conclusion> => {
    await record();
    return 'recorded';
  };
  if (context.config.redisUrl === null) return recorded();
  const { run } = prepared.run;
  // A worker that is stopped leaves the run as it is: others go on with it, now or later.
  if (outcome.status === 'interrupted' && parts.handBack !== undefined) {
    await share.leave();
    return 'left';
  }
  return withPlanLock(database.pool, source.streamKey, async () => {
    const now = await store.findRun(run);
    if (now?.status !== 'running') return 'left';
    if (outcome.status === 'complete') {
      return (await isThrough(parts)) ? recorded() : { run, plansAnew: true, hasLeftOrder: false };
    }
    await share.leave();
    const others = await livingOf(openMemberStore(database.pool), run);
    return others.length > 0 ? 'left' : recorded();
  });
}

/** Not by what members say of segments: by the pages. Of a child that has ended its pages were looked at. */
async function isThrough({ prepared, store, source, database }: SessionParts): Promise<boolean> {
  if (prepared.children !== null) return true;
  const { run } = prepared.run;
  const { paging, within } = source.spec;
  const hasLeftOrder = await openSegmentStore(database.pool).hasLeftOrder(run);
  const how = { paging, within, nowMs: nowMs(), hasLeftOrder };
  return planResume(await store.loadPages(run), how).gaps.length === 0;
}
