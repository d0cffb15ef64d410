/** Finds out what the end of one share makes of its run, and does it. See core/share-end.ts. */
import { planResume } from '../../core/resume.js';
import type { RunOutcome } from '../../core/scheduler-types.js';
import { endOfShare } from '../../core/share-end.js';
import { openMemberStore } from '../../database/members.js';
import { withPlanLock } from '../../database/plan-lock.js';
import { openSegmentStore } from '../../database/segment-store.js';
import { nowMs } from '../../runtime/clock.js';
import type { SessionParts } from '../session-parts.js';
import { type EnterRunAgain, livingOf } from './enter-run.js';

/** `left`: others go on, or have put the end on record. */
export type Conclusion = 'recorded' | 'left' | EnterRunAgain;

/** @param record puts the end of the run on record @throws IngestionError, what `record` throws */
export async function conclude(
  parts: SessionParts,
  outcome: RunOutcome,
  record: () => Promise<void>,
): Promise<Conclusion> {
  const { context, database, source, prepared, share } = parts;
  const recorded = async (): Promise<Conclusion> => {
    await record();
    return 'recorded';
  };
  if (context.config.redisUrl === null) return recorded();
  // A worker that is stopped leaves the run as it is: others go on with it, now or later.
  if (outcome.status === 'interrupted' && parts.handBack !== undefined) {
    await parts.share.leave();
    return 'left';
  }
  return withPlanLock(database.pool, source.streamKey, async () => {
    const end = endOfShare(await findEnd(parts, outcome));
    if (end === 'record') return recorded();
    return end === 'leave'
      ? 'left'
      : { run: prepared.run.run, plan: share.plan, plansAnew: true, hasLeftOrder: false };
  });
}

async function findEnd(
  parts: SessionParts,
  { status }: RunOutcome,
): Promise<Parameters<typeof endOfShare>[0]> {
  const { database, prepared, store, share } = parts;
  const { run } = prepared.run;
  const isRunning = (await store.findRun(run))?.status === 'running';
  if (!isRunning) return { isRunning, gaps: null, others: 0 };
  if (status === 'complete') return { isRunning, gaps: await countGaps(parts), others: 0 };
  await share.leave();
  const others = await livingOf(openMemberStore(database.pool), run);
  return { isRunning, gaps: null, others: others.length };
}

/** Not by what members say of segments: by the pages. Of a child that has ended its pages were looked at. */
async function countGaps({ prepared, store, source, database }: SessionParts): Promise<number> {
  if (prepared.children !== null) return 0;
  const { run } = prepared.run;
  const { paging, within } = source.spec;
  const hasLeftOrder = await openSegmentStore(database.pool).hasLeftOrder(run);
  const how = { paging, within, nowMs: nowMs(), hasLeftOrder };
  return planResume(await store.loadPages(run), how).gaps.length;
}
