/**
 * The database of several simulated processes: statements come late and in another order, it is away for a while,
 * and the plan lock is lost with its connections, and by who shows no life.
 */
import { type Fault, IngestionError } from '../../src/core/fault.js';
import { drawInteger, type Random } from './random.js';
import { type Doing, type Step, take } from './simulated-doing.js';
import type { SimulatedMachine } from './simulated-machine.js';
import type { SimulatedTime } from './simulated-time.js';

const AWAY: Fault = {
  ...{ code: 'DATABASE_UNAVAILABLE', message: 'simulated', retryable: true },
};
/** Of those that lose the plan lock. */
const IMPATIENT = 0.2;
/** Of those that get it. */
const PAUSED = 0.05;
/** How long a connection of a process that is gone keeps its locks. */
const GONE_MS = 1_000;

export interface DatabaseTerms {
  /** Of a statement there or back, but for few. */
  readonly usuallyMs: number;
  readonly seldomMs: number;
  readonly leaseMs: number;
  /** Nobody is paused. */
  readonly isCalm: boolean;
}

/** Holds the plan lock of a process. */
export interface PlanSession {
  /** One transaction, as `ask`, but none that comes when the session is lost. */
  ask<T>(work: () => T): Doing<T>;
}

interface Session {
  readonly machine: SimulatedMachine;
  isLost: boolean;
}

export class SimulatedDatabase {
  readonly #time: SimulatedTime;
  readonly #random: Random;
  readonly #terms: DatabaseTerms;
  #backAtMs = 0;
  /** How often it was away. */
  #outages = 0;
  #planner: Session | null = null;
  #waiting: { readonly machine: SimulatedMachine; readonly got: () => void; lost: () => void }[] =
    [];
  #isWatching = false;

  constructor(time: SimulatedTime, random: Random, terms: DatabaseTerms) {
    this.#time = time;
    this.#random = random;
    this.#terms = terms;
  }

  get isAway(): boolean {
    return this.#time.nowMs < this.#backAtMs;
  }

  get backAtMs(): number {
    return this.#backAtMs;
  }

  goAway(forMs: number): void {
    this.#backAtMs = this.#time.nowMs + forMs;
    this.#outages++;
    if (this.#planner !== null) this.#planner.isLost = true;
    this.#planner = null;
    for (const { lost } of this.#waiting.splice(0)) lost();
  }

  /**
   * One transaction. It may land though its process is dead, or its answer is lost; then it is sent once more.
   *
   * @param isPatient else it fails while the database is away
   */
  ask<T>(machine: SimulatedMachine, work: () => T, isPatient = true): Doing<T> {
    return take<T>((resume, fail) => this.#send(null, machine, work, isPatient, resume, fail));
  }

  /** One process at a time. What loses its session is done again, but for a few whose patience is over. */
  *withPlanLock<T>(machine: SimulatedMachine, work: (session: PlanSession) => Doing<T>): Doing<T> {
    for (;;) {
      const session: Session = { machine, isLost: false };
      const ask = <U>(does: () => U): Doing<U> =>
        take<U>((resume, fail) => this.#send(session, machine, does, true, resume, fail));
      try {
        yield this.#lock(session);
        const result = yield* work({ ask });
        yield* ask(() => this.#unlock(session));
        return result;
      } catch (error) {
        if (!session.isLost || this.#random() < IMPATIENT) throw error;
        const backAtMs = Math.max(this.#backAtMs, machine.nowMs) + this.#onWayMs;
        yield* take<void>((resume) => machine.at(backAtMs, () => resume()));
      } finally {
        this.#unlock(session);
      }
    }
  }

  /** A process is gone, and its locks soon after. */
  machineGone(machine: SimulatedMachine): void {
    this.#waiting = this.#waiting.filter((one) => one.machine !== machine);
    const session = this.#planner;
    if (session?.machine !== machine) return;
    this.#time.atAnyRate(this.#time.nowMs + drawInteger(this.#random, 0, GONE_MS), () =>
      this.#end(session),
    );
  }

  #lock(session: Session): Step {
    const { machine } = session;
    return (resume, fail) => {
      const got = (): void => {
        this.#planner = session;
        this.#disturb(machine);
        machine.at(this.#time.nowMs + this.#onWayMs, () => resume(undefined));
      };
      const lost = (): void => {
        session.isLost = true;
        machine.at(this.#time.nowMs + this.#onWayMs, () => fail(AWAY));
      };
      if (this.isAway) return lost();
      if (this.#planner === null) return got();
      this.#waiting.push({ machine, got, lost });
      this.#watch();
    };
  }

  /** Else few would be paused in the short time in which they plan. */
  #disturb(machine: SimulatedMachine): void {
    const { usuallyMs, leaseMs, isCalm } = this.#terms;
    if (isCalm || this.#random() >= PAUSED) return;
    this.#time.atAnyRate(this.#time.nowMs + drawInteger(this.#random, 0, 10 * usuallyMs), () =>
      machine.freeze(drawInteger(this.#random, leaseMs, 4 * leaseMs)),
    );
  }

  /** Who waits ends a planner that shows no life. */
  #watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    const { leaseMs } = this.#terms;
    this.#time.atAnyRate(this.#time.nowMs + leaseMs / 4, () => {
      this.#isWatching = false;
      const session = this.#planner;
      const isWaitedFor = this.#waiting.some(({ machine }) => !machine.isFrozen);
      if (session !== null && isWaitedFor && session.machine.frozenForMs > leaseMs)
        this.#end(session);
      if (this.#waiting.length > 0) this.#watch();
    });
  }

  #end(session: Session): void {
    session.isLost = true;
    this.#unlock(session);
  }

  #unlock(session: Session): void {
    if (this.#planner !== session) return;
    this.#planner = null;
    this.#waiting.shift()?.got();
  }

  #send<T>(
    session: Session | null,
    machine: SimulatedMachine,
    work: () => T,
    isPatient: boolean,
    resume: (value: T) => void,
    fail: (fault: Fault) => void,
  ): void {
    const time = this.#time;
    const landsThoughDead = this.#random() < 0.5;
    const again = (): void => {
      if (!isPatient || session?.isLost)
        return machine.at(time.nowMs + this.#onWayMs, () => fail(AWAY));
      const laterMs = Math.max(this.#backAtMs, time.nowMs) + drawInteger(this.#random, 0, 300);
      machine.at(laterMs, () => this.#send(session, machine, work, isPatient, resume, fail));
    };
    time.atAnyRate(time.nowMs + this.#onWayMs, () => {
      if (!machine.isAlive && !landsThoughDead) return;
      if (session?.isLost || this.isAway) return again();
      const outages = this.#outages;
      const answer = answerOf(work);
      time.atAnyRate(time.nowMs + this.#onWayMs, () => {
        if (session?.isLost || this.#outages !== outages) return again();
        machine.at(time.nowMs, () =>
          answer.type === 'fault' ? fail(answer.fault) : resume(answer.value),
        );
      });
    });
  }

  get #onWayMs(): number {
    const { usuallyMs, seldomMs } = this.#terms;
    return drawInteger(this.#random, 1, this.#random() < 0.05 ? seldomMs : usuallyMs);
  }
}

type Answer<T> =
  | { readonly type: 'value'; readonly value: T }
  | { readonly type: 'fault'; readonly fault: Fault };

function answerOf<T>(work: () => T): Answer<T> {
  try {
    return { type: 'value', value: work() };
  } catch (error) {
    if (error instanceof IngestionError) return { type: 'fault', fault: error.fault };
    throw error;
  }
}
