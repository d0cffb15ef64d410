/** How a simulated member enters a run: what src/session/members/enter-run.ts does, with the same decisions. */
import { type EnterAgain, entryOf, joinedPlan } from '../../src/core/entering.js';
import { assert } from '../../src/core/fault.js';
import { planResume, type ResumePlan } from '../../src/core/resume.js';
import type { SegmentSeed } from '../../src/core/segment.js';
import { ownSpan } from '../../src/core/taking.js';
import type { Cluster } from './simulated-cluster.js';
import type { PlanSession } from './simulated-database.js';
import type { Doing } from './simulated-doing.js';
import type { SimulatedMachine } from './simulated-machine.js';
import { ofChildren } from './simulated-process.js';
import type { JoinedRun, SimulatedSegments } from './simulated-segments.js';

export interface EnteredRun {
  readonly plan: ResumePlan;
  readonly pages: Cluster['ledger']['pages'];
  /** What this member has planned. */
  readonly planned: readonly SegmentSeed[];
  readonly joined: JoinedRun;
  readonly rowsDone: number;
  readonly total: number | null;
}

/** One entering, which may be done again. */
export class SimulatedEntering {
  readonly #cluster: Cluster;
  readonly #machine: SimulatedMachine;
  #session: PlanSession | null = null;
  #joined: number | null = null;
  /** How often the run was planned, as it knows. */
  #planKnown = 0;

  constructor(cluster: Cluster, machine: SimulatedMachine) {
    this.#cluster = cluster;
    this.#machine = machine;
  }

  /**
   * Under the plan lock. Null: the run is complete.
   *
   * @param planBefore how often the run was planned when the member entered it before
   */
  *enter(
    session: PlanSession,
    again: EnterAgain | null,
    planBefore: number,
  ): Doing<EnteredRun | null> {
    const { segments, run, leaseMs, ledger, watch } = this.#cluster;
    const machine = this.#machine;
    const before = this.#joined;
    this.#session = session;
    if (before !== null) {
      yield* this.#ask(() => segments.release(before, null));
      yield* this.#ask(() => segments.leave(before));
    }
    const status = yield* this.#ask(() => run.status);
    if (status === 'complete') return null;
    const living =
      status === 'running' ? yield* this.#ask(() => segments.living(machine.nowMs).length) : 0;
    const { plan, hasLeftOrder } = yield* this.#ask(() => ({ ...segments }));
    this.#planKnown = plan;
    const entry = entryOf(again, planBefore, { isComplete: false, living, plan, hasLeftOrder });
    if (entry === 'plan') watch.plans();
    if (again?.hasLeftOrder && entry === 'plan') yield* this.#planAnew([], true);
    const standing = yield* entry === 'join' ? this.#stand() : this.#plan(status === 'none');
    const { total, rowsDone } = yield* this.#ask(() => {
      return { total: run.total, rowsDone: ledger.rowsCounted };
    });
    const joined = yield* this.#ask(() => {
      const row = segments.join(leaseMs, machine.nowMs);
      watch.joined(row.epoch, machine);
      return row;
    });
    this.#joined = joined.epoch;
    const own = ownSpan(standing.planned, standing.plan.isOrdered);
    const terms = { plan: joined.plan, nowMs: machine.nowMs };
    if (own !== null) yield* this.#ask(() => segments.claim(joined.epoch, own, terms, () => false));
    return { ...standing, joined, total, rowsDone };
  }

  /** As the ledger has it now: others go on. */
  *#stand(): Doing<Pick<EnteredRun, 'plan' | 'pages' | 'planned'>> {
    const { segments, ledger, api } = this.#cluster;
    const isOfChildren = api.parents !== null;
    const pages = isOfChildren ? [] : yield* this.#ask(() => [...ledger.pages]);
    const hasLeftOrder = yield* this.#ask(() => segments.hasLeftOrder);
    const { clockMs: nowMs } = this.#machine;
    const plan = planResume(pages, { paging: api.paging, nowMs, hasLeftOrder });
    return { plan: joinedPlan(plan), pages, planned: [] };
  }

  *#plan(isBegun: boolean): Doing<Pick<EnteredRun, 'plan' | 'pages' | 'planned'>> {
    const { segments, ledger, api, run, watch } = this.#cluster;
    if (!isBegun) yield* this.#planAnew([]);
    const { clockMs: nowMs } = this.#machine;
    if (api.parents !== null) {
      yield* this.#ask(() => run.takeUpChildren());
      watch.planned();
      return {
        plan: ofChildren(planResume([], { paging: api.paging, nowMs })),
        pages: [],
        planned: [],
      };
    }
    const hasLeftOrder = yield* this.#ask(() => segments.hasLeftOrder);
    const pages = yield* this.#ask(() => [...ledger.pages]);
    yield* this.#ask(() => run.takeUp());
    const plan = planResume(pages, { paging: api.paging, nowMs, hasLeftOrder });
    const first = yield* this.#planAnew(plan.gaps);
    watch.planned();
    const planned = plan.gaps.map((gap, index) => ({ ...gap, segment: first + index }));
    return { plan, pages, planned };
  }

  #planAnew(ranges: Parameters<SimulatedSegments['planAnew']>[0], hasLeftOrder = false) {
    const { segments, watch } = this.#cluster;
    return this.#ask(() => {
      if (segments.plan !== this.#planKnown) watch.writesBehind();
      const first = segments.planAnew(ranges, hasLeftOrder);
      this.#planKnown = segments.plan;
      return first;
    });
  }

  #ask<T>(work: () => T): Doing<T> {
    assert(this.#session !== null, 'it enters under the plan lock');
    return this.#session.ask(work);
  }
}
