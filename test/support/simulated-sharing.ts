/**
 * Several processes that share a key, in simulated time: the real limiter and start plan of each, clocks that
 * are apart, one place where starts are reserved, and a server with several limits at once. Some die and begin
 * again. One seed is one history.
 */
import type { OwnStart } from '../../src/core/announced-limits.js';
import { readLimitHeaders } from '../../src/core/limit-headers.js';
import { Limiter } from '../../src/core/limiter.js';
import { StartPlan } from '../../src/core/start-plan.js';
import { withoutPlan } from '../../src/core/start-reservation.js';
import { drawInteger, type Random, seededRandom } from './random.js';
import { type LimitStoreSabotage, SimulatedLimitStore } from './simulated-limit-store.js';
import { SharedServer } from './simulated-shared-server.js';
import { SimulatedTime } from './simulated-time.js';
import { fullestWindow } from './windows.js';

export interface SharingSettings {
  readonly seed: number;
  /** How often processes die, all together. @default 0 */
  readonly crashes?: number;
  /** Whether answers name the windows, or only when they end. @default drawn */
  readonly isNamed?: boolean;
  readonly sabotage?: LimitStoreSabotage;
}

export interface SharedHistory {
  readonly refused: number;
  /** The fullest window of each limit, by what it permits; above 1: overshot. */
  readonly fullestShares: readonly number[];
  readonly requests: number;
  readonly processes: number;
  readonly spanMs: number;
  /** How long it takes at the least, for its limits, or because one process waits for its answers. */
  readonly leastMs: number;
  readonly reservations: number;
}

const STEPS_MAX = 100_000;
const ASSUMED = { quota: 10, windowMs: 60_000 };
const CLOCK_APART_MS = 3_600_000;
/** To the database and back. */
const RESERVE_MS = { min: 1, max: 40 };

export function playSharing(settings: SharingSettings): SharedHistory {
  const random = seededRandom(settings.seed);
  const time = new SimulatedTime();
  const server = new SharedServer(random, settings.isNamed);
  const store = new SimulatedLimitStore(settings.sabotage);
  const latencyMs = drawInteger(random, 4, 400);
  const world = { random, time, server, store, latencyMs };
  const count = drawInteger(random, 2, 5);
  const processes = Array.from({ length: count }, (_, index) => new Sharing(world, `run${index}`));
  const [first, ...others] = processes;
  time.at(time.nowMs, () => first?.begin());
  // What no answer has described yet nobody can keep within: the others begin behind the first answer.
  for (const each of others) {
    time.at(time.nowMs + latencyMs + drawInteger(random, 200, 3_000), () => each.begin());
  }
  let crashesLeft = settings.crashes ?? 0;
  for (let step = 0; processes.some(({ isDone }) => !isDone); step++) {
    if (step > STEPS_MAX || !time.advance())
      throw new Error(`seed ${settings.seed}: processes that share a key do not end`);
    const victim = processes[drawInteger(random, 0, count - 1)];
    const isKnown = server.arrivalsMs.length > 2 * count;
    if (isKnown && crashesLeft > 0 && victim?.isDone === false && random() < 0.02) {
      crashesLeft--;
      victim.die();
    }
  }
  return {
    refused: server.refused,
    fullestShares: server.limits.map(
      ({ quota, windowMs }) => fullestWindow(server.arrivalsMs, windowMs) / quota,
    ),
    requests: server.arrivalsMs.length,
    processes: count,
    spanMs: (server.arrivalsMs.at(-1) ?? 0) - (server.arrivalsMs[0] ?? 0),
    leastMs: Math.max(
      server.leastMs(server.arrivalsMs.length),
      ...processes.map((each) => each.leastMs),
    ),
    reservations: processes.reduce((sum, each) => sum + each.reservations, 0),
  };
}

interface World {
  readonly random: Random;
  readonly time: SimulatedTime;
  readonly server: SharedServer;
  readonly store: SimulatedLimitStore;
  /** Of a request there and back, without what is drawn each time. */
  readonly latencyMs: number;
}

class Sharing {
  readonly #world: World;
  readonly #work: string;
  readonly #concurrency: number;
  readonly wanted: number;
  #life = 0;
  #clockAheadMs = 0;
  #limiter!: Limiter;
  #plan!: StartPlan;
  #inFlight = 0;
  #hasAnswer = false;
  accepted = 0;
  reservations = 0;

  constructor(world: World, work: string) {
    this.#world = world;
    this.#work = work;
    this.#concurrency = drawInteger(world.random, 1, 4);
    this.wanted = drawInteger(world.random, 5, 60);
  }

  /** One answer after the other, each behind a reservation. */
  get leastMs(): number {
    const turns = Math.ceil(this.wanted / this.#concurrency);
    return turns * (this.#world.latencyMs + RESERVE_MS.max);
  }

  get isDone(): boolean {
    return this.accepted >= this.wanted;
  }

  begin(): void {
    const { random, store } = this.#world;
    this.#life++;
    this.#inFlight = 0;
    this.#hasAnswer = false;
    this.#clockAheadMs = drawInteger(random, -CLOCK_APART_MS, CLOCK_APART_MS);
    const log = store.load(this.#work, this.#clockAheadMs);
    const nowMs = this.#nowMs;
    this.#limiter = new Limiter({ assumed: ASSUMED, nowMs, ...(log === null ? {} : { log }) });
    this.#plan = new StartPlan(this.#limiter);
    this.#step();
  }

  /** What it had sent still arrives; it begins again after a moment. */
  die(): void {
    const { random, time } = this.#world;
    this.#life++;
    const life = this.#life;
    time.at(time.nowMs + drawInteger(random, 0, 3_000), () => {
      if (this.#life === life && !this.isDone) this.begin();
    });
  }

  /** By its own clock. */
  get #nowMs(): number {
    return this.#world.time.nowMs + this.#clockAheadMs;
  }

  /** After a while, if it lives then. */
  #later(afterMs: number, run: () => void): void {
    const life = this.#life;
    const { time } = this.#world;
    time.at(time.nowMs + afterMs, () => {
      if (this.#life === life) run();
    });
  }

  #step(): void {
    while (this.accepted + this.#inFlight < this.wanted && this.#inFlight < this.#concurrency) {
      if (!this.#hasAnswer && this.#inFlight > 0) return;
      const decision = this.#plan.next(this.#nowMs);
      const { request } = decision;
      if (request !== null) this.#reserve(request);
      if (!decision.isPermitted) {
        const waitMs = decision.wakeAtMs - this.#nowMs;
        if (Number.isFinite(waitMs)) this.#later(Math.max(0, waitMs), () => this.#step());
        return;
      }
      this.#send();
    }
  }

  /** There, under the lock, and back: what is reserved stays so though the process dies meanwhile. */
  #reserve(request: Parameters<SimulatedLimitStore['reserve']>[1]): void {
    const { random, time, store } = this.#world;
    const onWayMs = () => drawInteger(random, RESERVE_MS.min, RESERVE_MS.max) / 2;
    const life = this.#life;
    const clockAheadMs = this.#clockAheadMs;
    this.reservations++;
    time.at(time.nowMs + onWayMs(), () => {
      // A statement of a process that is dead may still come, but not behind its successor's.
      if (this.#life > life + 1) return;
      const answer = store.reserve(this.#work, request, clockAheadMs, time.nowMs);
      time.at(time.nowMs + onWayMs(), () => {
        if (this.#life !== life) return;
        this.#plan.reserved(answer);
        this.#step();
      });
    });
  }

  #send(): void {
    const { random, time, server, latencyMs } = this.#world;
    const start = this.#limiter.take(this.#nowMs);
    this.#plan.started();
    this.#inFlight++;
    const sentAtMs = this.#nowMs;
    const life = this.#life;
    const onWayMs = () => latencyMs / 2 + random();
    time.at(time.nowMs + onWayMs(), () => {
      const { isAccepted, headers } = server.answer(time.nowMs);
      if (isAccepted) this.accepted++;
      time.at(time.nowMs + onWayMs(), () => {
        if (this.#life === life) this.#heard(start, sentAtMs, isAccepted, headers);
      });
    });
  }

  #heard(
    start: OwnStart,
    sentAtMs: number,
    isAccepted: boolean,
    headers: Readonly<Record<string, string>>,
  ): void {
    const headAtMs = this.#nowMs;
    const observed = readLimitHeaders(headers, headAtMs);
    const answer = { sentAtMs, headAtMs, dateMs: null, observed };
    this.#inFlight--;
    this.#hasAnswer = true;
    if (isAccepted) this.#limiter.accepted(start, answer);
    else this.#limiter.refused(start, answer, headAtMs);
    if (!this.isDone) return this.#step();
    const { store, time } = this.#world;
    const last = withoutPlan(this.#limiter.log(headAtMs), headAtMs);
    store.reserve(this.#work, last, this.#clockAheadMs, time.nowMs);
  }
}
