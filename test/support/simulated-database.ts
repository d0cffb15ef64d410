/**
 * The database of several simulated processes: statements come late and in another order, it is away for a while,
 * and the plan lock is lost with its connections.
 */
import { type Fault, IngestionError } from '../../src/core/fault.js';
import { drawInteger, type Random } from './random.js';
import { type Doing, type Step, take } from './simulated-doing.js';
import type { SimulatedMachine } from './simulated-machine.js';
import type { SimulatedTime } from './simulated-time.js';

const AWAY: Fault = {
  ...{ code: 'DATABASE_UNAVAILABLE', message: 'simulated', retryable: true },
};
/** How long a connection of a process that is gone keeps its locks. */
const GONE_MS = 1_000;

export interface DatabaseTerms {
  /** Of a statement there or back, but for few. */
  readonly usuallyMs: number;
  readonly seldomMs: number;
}

export class SimulatedDatabase {
  readonly #time: SimulatedTime;
  readonly #random: Random;
  readonly #terms: DatabaseTerms;
  #backAtMs = 0;
  /** How often it was away. */
  #outages = 0;
  #planner: SimulatedMachine | null = null;
  #waiting: { readonly machine: SimulatedMachine; readonly got: () => void; lost: () => void }[] =
    [];

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
    this.#planner = null;
    for (const { lost } of this.#waiting.splice(0)) lost();
  }

  /**
   * One transaction. It may land though its process is dead, or its answer is lost; then it is sent once more.
   *
   * @param isPatient else it fails while the database is away
   */
  ask<T>(machine: SimulatedMachine, work: () => T, isPatient = true): Doing<T> {
    return take<T>((resume, fail) => this.#send(machine, work, isPatient, resume, fail));
  }

  /** One process at a time. Fails where the database is away, or was meanwhile. */
  *withPlanLock<T>(machine: SimulatedMachine, work: () => Doing<T>): Doing<T> {
    yield this.#lock(machine);
    const outages = this.#outages;
    try {
      const result = yield* work();
      if (this.#outages !== outages) throw new IngestionError(AWAY);
      return result;
    } finally {
      if (this.#planner === machine && this.#outages === outages) this.#unlock();
    }
  }

  /** A process is gone, and its locks soon after. */
  machineGone(machine: SimulatedMachine): void {
    this.#waiting = this.#waiting.filter((one) => one.machine !== machine);
    if (this.#planner !== machine) return;
    const outages = this.#outages;
    this.#time.atAnyRate(this.#time.nowMs + drawInteger(this.#random, 0, GONE_MS), () => {
      if (this.#planner === machine && this.#outages === outages) this.#unlock();
    });
  }

  #lock(machine: SimulatedMachine): Step {
    return (resume, fail) => {
      const got = (): void => {
        this.#planner = machine;
        machine.at(this.#time.nowMs + this.#onWayMs, () => resume(undefined));
      };
      const lost = (): void => machine.at(this.#time.nowMs + this.#onWayMs, () => fail(AWAY));
      if (this.isAway) return lost();
      if (this.#planner === null) return got();
      this.#waiting.push({ machine, got, lost });
    };
  }

  #unlock(): void {
    this.#planner = null;
    this.#waiting.shift()?.got();
  }

  #send<T>(
    machine: SimulatedMachine,
    work: () => T,
    isPatient: boolean,
    resume: (value: T) => void,
    fail: (fault: Fault) => void,
  ): void {
    const time = this.#time;
    const landsThoughDead = this.#random() < 0.5;
    const again = (): void => {
      if (!isPatient) return machine.at(time.nowMs + this.#onWayMs, () => fail(AWAY));
      const laterMs = Math.max(this.#backAtMs, time.nowMs) + drawInteger(this.#random, 0, 300);
      machine.at(laterMs, () => this.#send(machine, work, isPatient, resume, fail));
    };
    time.atAnyRate(time.nowMs + this.#onWayMs, () => {
      if (!machine.isAlive && !landsThoughDead) return;
      if (this.isAway) return again();
      const outages = this.#outages;
      const answer = answerOf(work);
      time.atAnyRate(time.nowMs + this.#onWayMs, () => {
        if (this.#outages !== outages) return again();
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
