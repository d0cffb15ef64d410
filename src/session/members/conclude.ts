/** Finds out what the end of one share makes of its run, and does it. See core/share-end.ts. */
import { IngestionError } from '../../core/fault.js';
import { planResume } from '../../core/resume.js';
import type { RunOutcome } from '../../core/scheduler-types.js';
import { endOfShare } from '../../core/share-end.js';
import { openChildStore } from '../../database/child-store.js';
import { openMemberStore } from '../../database/members.js';
import type { PlanSession } from '../../database/plan-lock.js';
import { openRunStore } from '../../database/run-store.js';
import { openSegmentStore } from '../../database/segment-store.js';
import { nowMs } from '../../runtime/clock.js';
import type { SessionParts } from '../session-parts.js';
import { type EnterRunAgain, livingOf } from './enter-run.js';
import { underPlanLock } from './under-plan-lock.js';

/** `left`: others go on, or have put the end on record. */
export type Conclusion = 'recorded' | 'left' | EnterRunAgain;

/**
 * @param record puts the end of the run on record over the stores that it is given; called again if the lock is lost
 * @throws IngestionError, what `record` throws
 */
export async function conclude(
  parts: SessionParts,
  outcome: RunOutcome,
  record: (parts: SessionParts) => Promise<void>,
  underLock = underPlanLock,
): Promise<Conclusion> {
  const { context, prepared, share } = parts;
  if (context.config.redisUrl === null) {
    if (await isAnothers(parts)) return 'left';
    await record(parts);
    return 'recorded';
  }
  // A worker that is stopped leaves the run as it is: others go on with it, now or later.
  if (outcome.status === 'interrupted' && parts.handBack !== undefined) {
    await parts.share.leave();
    return 'left';
  }
  // It may be on record though the answer to that was lost.
  let isTried = false;
  const work = async (session: PlanSession): Promise<Conclusion> => {
    const held = overSession(parts, session);
    const found = await findEnd(held, outcome);
    if (isTried && !found.isRunning) return 'recorded';
    const end = endOfShare(found);
    if (end === 'planAnew') {
      return { run: prepared.run.run, plan: share.plan, plansAnew: true, hasLeftOrder: false };
    }
    if (end === 'leave') return 'left';
    isTried = true;
    await record(held);
    return 'recorded';
  };
  try {
    return await underLock(parts, work);
  } catch (error) {
    // A database that cannot record the failure must not hide its reason.
    if (outcome.status === 'failed' && error instanceof IngestionError) return 'left';
    throw error;
  }
}

/** For a process without Redis: whether another one has taken the run lock, and continues the run. */
async function isAnothers({ lock }: SessionParts): Promise<boolean> {
  try {
    await lock.held();
    return false;
  } catch (error) {
    return error instanceof IngestionError && error.fault.code === 'ALREADY_RUNNING';
  }
}

/** The same parts, with stores that write over the session that holds the lock. */
function overSession(parts: SessionParts, { pool, patience }: PlanSession): SessionParts {
  return {
    ...{ ...parts, patience },
    database: { ...parts.database, pool },
    store: openRunStore(pool, { patience }),
    children: openChildStore(pool, patience),
  };
}

async function findEnd(
  parts: SessionParts,
  { status }: RunOutcome,
): Promise<Parameters<typeof endOfShare>[0]> {
  const { database, patience, prepared, store, share } = parts;
  const { run } = prepared.run;
  const isRunning = (await store.findRun(run))?.status === 'running';
  if (!isRunning) return { isRunning, gaps: null, others: 0 };
  if (status === 'complete') return { isRunning, gaps: await countGaps(parts), others: 0 };
  await share.leave();
  const others = await livingOf(openMemberStore(database.pool, patience), run);
  return { isRunning, gaps: null, others: others.length };
}

/** Not by what members say of segments: by the pages. Of a child that has ended its pages were looked at. */
async function countGaps({
  prepared,
  store,
  source,
  database,
  patience,
}: SessionParts): Promise<number> {
  if (prepared.children !== null) return 0;
  const { run } = prepared.run;
  const { paging, within } = source.spec;
  const hasLeftOrder = await openSegmentStore(database.pool, patience).hasLeftOrder(run);
  const how = { paging, within, nowMs: nowMs(), hasLeftOrder };
  return planResume(await store.loadPages(run), how).gaps.length;
}
