/** How a simulated member concludes its share: what src/session/members/conclude.ts does, with the same decisions. */
import type { EnterAgain } from '../../src/core/entering.js';
import type { Limiter } from '../../src/core/limiter.js';
import { planResume } from '../../src/core/resume.js';
import type { RunOutcome } from '../../src/core/scheduler-types.js';
import { endOfShare } from '../../src/core/share-end.js';
import { withoutPlan } from '../../src/core/start-reservation.js';
import type { Cluster } from './simulated-cluster.js';
import type { PlanSession } from './simulated-database.js';
import type { Doing } from './simulated-doing.js';
import type { SimulatedMachine } from './simulated-machine.js';
import type { SimulatedShare } from './simulated-share.js';

export interface EndedShare {
  readonly outcome: RunOutcome;
  readonly share: SimulatedShare;
  readonly limiter: Limiter;
  /** Of its starts in the limit store. */
  readonly owner: string;
}

/** Under the plan lock. @returns why it enters the run again; null: it is over for it */
export function* conclude(
  cluster: Cluster,
  machine: SimulatedMachine,
  session: PlanSession,
  { outcome, share, limiter, owner }: EndedShare,
): Doing<EnterAgain | null> {
  const { database, run, segments, watch, limits } = cluster;
  const ask = <T>(work: () => T): Doing<T> => session.ask(work);
  const { status, lastEpoch } = yield* ask(() => {
    return { status: run.status, lastEpoch: segments.lastEpoch };
  });
  const isRunning = status === 'running';
  const seemsThrough = isRunning && outcome.status === 'complete';
  const gaps = seemsThrough ? yield* countGaps(cluster, machine, session) : null;
  let others = 0;
  if (isRunning && gaps === null) {
    yield* share.leave();
    others = yield* ask(() => segments.living(machine.nowMs).length);
  }
  const end = endOfShare({ isRunning, gaps, others });
  if (end === 'planAnew') {
    watch.seemedThrough(share.epoch);
    return { plansAnew: true, hasLeftOrder: false };
  }
  const { clockMs } = machine;
  const last = withoutPlan(limiter.log(clockMs), clockMs);
  yield* database.ask(machine, () =>
    limits.reserve(owner, last, machine.clockOffsetMs, machine.nowMs),
  );
  if (end === 'record')
    yield* ask(() => {
      if (segments.lastEpoch !== lastEpoch) watch.writesBehind();
      run.record(outcome);
    });
  return null;
}

/** Not by what members say of segments: by the pages. Of a child that has ended its pages were looked at. */
function* countGaps(
  cluster: Cluster,
  machine: SimulatedMachine,
  session: PlanSession,
): Doing<number> {
  const { api, segments, ledger } = cluster;
  if (api.parents !== null) return 0;
  const hasLeftOrder = yield* session.ask(() => segments.hasLeftOrder);
  const pages = yield* session.ask(() => [...ledger.pages]);
  return planResume(pages, { paging: api.paging, nowMs: machine.clockMs, hasLeftOrder }).gaps
    .length;
}
