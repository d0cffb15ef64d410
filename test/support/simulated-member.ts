/**
 * A simulated member of a run: it enters, works, and concludes, as src/session/members and the ingestion loop do,
 * with the same decisions. The scheduler is the real one.
 */
import { type EnterAgain, entersAgain } from '../../src/core/entering.js';
import type { Fault } from '../../src/core/fault.js';
import { reliedOn } from '../../src/core/limit-log.js';
import { numbersForTaken } from '../../src/core/member-numbers.js';
import type { Scheduler } from '../../src/core/scheduler.js';
import type {
  RunOutcome,
  SchedulerCommand,
  SchedulerEvent,
} from '../../src/core/scheduler-types.js';
import type { StartRequest } from '../../src/core/start-reservation.js';
import type { WriteCommand } from '../../src/runtime/run-observer.js';
import { drawInteger } from './random.js';
import { PAGE_BYTES } from './simulated-api-settings.js';
import type { Cluster } from './simulated-cluster.js';
import { conclude } from './simulated-concluding.js';
import { type Doing, start, take } from './simulated-doing.js';
import { type EnteredRun, SimulatedEntering } from './simulated-entering.js';
import type { SimulatedMachine } from './simulated-machine.js';
import { type MadeScheduler, makeScheduler } from './simulated-process.js';
import { SimulatedRequests } from './simulated-requests.js';
import { SimulatedShare } from './simulated-share.js';

/** The database was waited for in vain. */
const GONE: Fault = { code: 'DATABASE_UNAVAILABLE', message: 'simulated', retryable: true };

/** What one stay in the run has to do with. */
interface Stay extends MadeScheduler {
  readonly share: SimulatedShare;
  readonly requests: SimulatedRequests;
  readonly owner: string;
}

export class SimulatedMember {
  readonly machine: SimulatedMachine;
  readonly #cluster: Cluster;
  readonly #number: number;
  readonly #inbox: SchedulerEvent[] = [];
  /** By task, as the database has them: a page whose answer was lost is sent once more. */
  readonly #committed = new Map<string, ReturnType<Cluster['ledger']['commit']>>();
  #stay: Stay | null = null;
  #stays = 0;
  #finish: ((outcome: RunOutcome) => void) | null = null;
  #isStepping = false;
  #timerAtMs: number | null = null;
  heldBytesOver = 0;
  tipsInFlightMax = 0;

  constructor(cluster: Cluster, number: number, machine: SimulatedMachine) {
    this.#cluster = cluster;
    this.#number = number;
    this.machine = machine;
  }

  /** @param ended the process is over */
  begin(ended: (fault: Fault | null) => void): void {
    const end = (fault: Fault | null): void => {
      this.end();
      ended(fault);
    };
    start(this.#ingest(), () => end(null), end);
  }

  /** It is killed, or over. */
  end(): void {
    this.machine.end();
    this.#cluster.database.machineGone(this.machine);
    this.#stay = null;
  }

  /** What is under way is finished, and the rest left to others. */
  handBack(): void {
    if (this.#stay === null) return;
    this.#tell(this.#stay, { type: 'drain', outcome: { status: 'interrupted' } });
  }

  /** Null: it is not at work. */
  get scheduler(): Scheduler | null {
    return this.#finish === null ? null : (this.#stay?.scheduler ?? null);
  }

  get epoch(): number | null {
    return this.#stay?.share.epoch ?? null;
  }

  *#ingest(): Doing<void> {
    const { database } = this.#cluster;
    let again: EnterAgain | null = null;
    let planBefore = 0;
    for (;;) {
      const why: EnterAgain | null = again;
      const plan = planBefore;
      const entering = new SimulatedEntering(this.#cluster, this.machine);
      const entered: EnteredRun | null = yield* database.withPlanLock(this.machine, (session) =>
        entering.enter(session, why, plan),
      );
      if (entered === null) return;
      planBefore = entered.joined.plan;
      again = yield* this.#work(entered);
      if (again === null) return;
    }
  }

  // --- working ---------------------------------------------------------------------------------

  /** @returns why it enters the run again; null: it is over for it */
  *#work(entered: EnteredRun): Doing<EnterAgain | null> {
    const stay = yield* this.#makeStay(entered);
    const { share, held, requests } = stay;
    this.#stay = stay;
    try {
      const outcome = yield* take<RunOutcome>((resume) => {
        this.#finish = resume;
        share.begin();
        this.#step();
      });
      const again = entersAgain(outcome);
      this.#cluster.watch.over(share.epoch, entered.joined.plan, outcome);
      yield* share.journal.flush();
      if (again !== null) return again;
      const { database } = this.#cluster;
      return yield* database.withPlanLock(this.machine, (session) =>
        conclude(this.#cluster, this.machine, session, { outcome, ...stay }),
      );
    } finally {
      this.heldBytesOver = Math.max(this.heldBytesOver, held.over);
      this.tipsInFlightMax = Math.max(this.tipsInFlightMax, requests.tipsInFlightMax);
      yield* share.leave();
      this.#stay = null;
    }
  }

  *#makeStay(entered: EnteredRun): Doing<Stay> {
    const { api, random, limits, segments, ledger, database, queue } = this.#cluster;
    const { hardships, leaseMs, run, watch } = this.#cluster;
    const { machine } = this;
    const { plan, pages, planned, joined, rowsDone, total } = entered;
    const owner = `member ${this.#number}/${++this.#stays}`;
    const loaded = yield* this.#ask(() => limits.load(owner, machine.clockOffsetMs));
    const savedLimits = loaded && reliedOn(loaded);
    const made = makeScheduler(
      {
        ...{ api, random, savedLimits, total, within: null, isShared: true, eventsMax: null },
        nowMs: machine.clockMs,
        creditBytesMax: drawInteger(random, 1, 8) * PAGE_BYTES,
        nextSegment: joined.firstSegment,
      },
      { plan, pages, rowsDone },
    );
    const { scheduler, held } = made;
    const tell = (event: SchedulerEvent): void => this.#tell(stay, event);
    const share = new SimulatedShare({
      ...{ machine, database, segments, ledger, queue, watch, joined, leaseMs },
      taking: {
        ...{ paging: api.paging, knowsRows: true, isOrdered: plan.isOrdered },
        planned: new Map(planned.map((seed) => [seed.segment, seed])),
        nextNumber: numbersForTaken(joined.firstSegment),
      },
      view: {
        state: () => ({ phase: scheduler.phase, shareable: scheduler.shareable }),
        help: () => tell({ type: 'helpWanted' }),
        takeLeftBehind: () => tell({ type: 'leftBehind' }),
        fail: (fault) => tell({ type: 'drain', outcome: { status: 'failed', fault } }),
      },
    });
    const requests = new SimulatedRequests({
      ...{ api, random, hardships, clock: machine, held },
      reach: (atMs, happen) => this.#cluster.time.atAnyRate(atMs, happen),
      tell,
      total: (said) => run.sourceSeen(said),
    });
    const stay: Stay = { ...made, share, requests, owner };
    return stay;
  }

  #tell(stay: Stay, event: SchedulerEvent): void {
    if (this.#finish === null || stay !== this.#stay) return;
    this.#inbox.push(event);
    if (!this.#isStepping) this.#step();
  }

  #step(): void {
    const stay = this.#stay;
    if (stay === null) return;
    this.#isStepping = true;
    do {
      const { clockMs } = this.machine;
      for (const command of stay.scheduler.step(this.#inbox.splice(0), clockMs))
        this.#execute(stay, command);
    } while (this.#inbox.length > 0);
    this.#isStepping = false;
    if (this.#finish !== null) this.#wakeAt(stay.scheduler.wakeAtMs - this.machine.clockOffsetMs);
  }

  #wakeAt(wakeAtMs: number): void {
    const atMs = Math.max(wakeAtMs, this.machine.nowMs);
    if (!Number.isFinite(atMs) || (this.#timerAtMs !== null && this.#timerAtMs <= atMs)) return;
    this.#timerAtMs = atMs;
    this.machine.at(atMs, () => {
      if (this.#timerAtMs !== atMs) return;
      this.#timerAtMs = null;
      if (this.#finish !== null) this.#step();
    });
  }

  #execute(stay: Stay, command: SchedulerCommand): void {
    const { share, requests, held } = stay;
    this.#cluster.watch.said(command);
    share.journal.tell(command);
    switch (command.type) {
      case 'fetch':
        return requests.send(command);
      case 'write':
        return share.journal.whenOpen(command.segment, () => this.#write(stay, command));
      case 'drop':
        return held.release(command.taskId);
      case 'reserveStarts':
        return this.#askFor(
          stay,
          this.#ask(() => this.#reserve(stay, command.request)),
          (answer) => this.#tell(stay, { type: 'startsReserved', answer }),
        );
      case 'seedsWanted':
        return this.#askFor(stay, share.take(command.isLeftBehind), (block) =>
          this.#tell(stay, { type: 'seeded', ...block }),
        );
      case 'othersWanted':
        return this.#askFor(stay, share.countAll(), (counts) =>
          this.#tell(stay, { type: 'othersTold', counts }),
        );
      case 'finish':
        return this.#finished(command.outcome);
      default:
        return;
    }
  }

  /** Where it is not answered, the share ends. */
  #askFor<T>(stay: Stay, doing: Doing<T>, answered: (answer: T) => void): void {
    start(doing, answered, (fault) =>
      this.#tell(stay, { type: 'drain', outcome: { status: 'failed', fault } }),
    );
  }

  #finished(outcome: RunOutcome): void {
    const finish = this.#finish;
    this.#finish = null;
    this.#inbox.length = 0;
    this.#timerAtMs = null;
    // Behind what else the step says.
    this.machine.at(this.machine.nowMs, () => finish?.(outcome));
  }

  #write(stay: Stay, command: WriteCommand): void {
    const { held, requests, share } = stay;
    const { taskId } = command;
    const rows = requests.rowsOf(taskId);
    const fail = (fault: Fault): void => this.#tell(stay, { type: 'writeFailed', taskId, fault });
    if (this.#cluster.hardships.happens(0.02)) {
      const { nowMs } = this.machine;
      return this.machine.at(nowMs + drawInteger(this.#cluster.random, 1, 500), () => fail(GONE));
    }
    start(
      this.#ask(() => this.#commit(share.epoch, command, rows)),
      (counts) => {
        held.release(taskId);
        this.#tell(stay, { type: 'committed', taskId, counts });
      },
      fail,
    );
  }

  #commit(epoch: number, command: WriteCommand, rows: readonly number[]) {
    const { segments, ledger, watch } = this.#cluster;
    const key = `${epoch}/${command.taskId}`;
    const known = this.#committed.get(key);
    if (known !== undefined) return known;
    const { segment } = command;
    segments.hold(epoch, segment);
    watch.committed(epoch, segment);
    const counts = ledger.commit(command, rows, { isLost: false, run: ledger.run });
    this.#committed.set(key, counts);
    return counts;
  }

  #reserve({ owner }: Stay, request: StartRequest) {
    const { clockOffsetMs, nowMs } = this.machine;
    return this.#cluster.limits.reserve(owner, request, clockOffsetMs, nowMs);
  }

  #ask<T>(work: () => T): Doing<T> {
    return this.#cluster.database.ask(this.machine, work);
  }
}
