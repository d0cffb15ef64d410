/**
 * Several streams of one process in simulated time: a real scheduler each, over one limiter, with turns, and a
 * server with several limits at once. The process dies and begins again. One seed is one history.
 */
import { CreditPool } from '../../src/core/credit-pool.js';
import { readLimitHeaders } from '../../src/core/limit-headers.js';
import { Limiter } from '../../src/core/limiter.js';
import type { Scheduler } from '../../src/core/scheduler.js';
import type {
  RunOutcome,
  SchedulerCommand,
  SchedulerEvent,
} from '../../src/core/scheduler-types.js';
import { Slots } from '../../src/core/slots.js';
import { StartTurns } from '../../src/core/start-turns.js';
import { drawInteger, type Random, seededRandom } from './random.js';
import { SimulatedApi } from './simulated-api.js';
import { PAGE_BYTES } from './simulated-api-settings.js';
import { CountedApi } from './simulated-counted-api.js';
import { drawApi } from './simulated-history.js';
import { SimulatedLedger } from './simulated-ledger.js';
import { SimulatedLimitStore } from './simulated-limit-store.js';
import { startProcess } from './simulated-process.js';
import { SharedServer } from './simulated-shared-server.js';
import { SimulatedTime } from './simulated-time.js';
import { WatchedTurn } from './watched-turn.js';
import { fullestWindow } from './windows.js';

export interface StreamsSettings {
  readonly seed: number;
  readonly streams: number;
  /** Of each stream. @default drawn */
  readonly rows?: number;
  /** How often the process dies. @default 0 */
  readonly crashes?: number;
  /** @default 0 */
  readonly faultShare?: number;
}

export interface StreamsHistory {
  /** Of each stream. */
  readonly outcomes: readonly RunOutcome[];
  /** Rows that no page has written, of all streams. */
  readonly lost: number;
  readonly refused: number;
  /** The fullest window of each limit, by what it permits; above 1: overshot. */
  readonly fullestShares: readonly number[];
  /** The most starts of others while a stream wanted one. */
  readonly turnsWaitedMax: number;
  readonly inFlightOver: number;
  /** How long so many requests take at the least, over the time that they took. */
  readonly utilisation: number;
}

interface World {
  readonly random: Random;
  readonly time: SimulatedTime;
  readonly server: SharedServer;
  readonly store: SimulatedLimitStore;
  readonly faultShare: number;
  /** Of requests under the narrow limit. */
  readonly narrowArrivalsMs: number[];
}

/** What the streams of one process share. */
interface Shared {
  readonly limiter: Limiter;
  readonly turns: StartTurns;
  readonly slots: readonly Slots[];
  readonly credits: CreditPool;
  readonly watched: WatchedTurn[];
  readonly nextTaskId: () => number;
}

/** The fourth, of four or five. */
const NARROW_NTH = 3;
const STEPS_MAX = 300_000;
const WORK = 'source';
const ASSUMED = { quota: 10, windowMs: 60_000 };
const CONCURRENCY = 12;
/** Declared for the path of one of them. */
const NARROW = { name: 'narrow', policy: { quota: 3, windowMs: 4_000 }, isLeaky: false };
const CREDIT_BYTES = 100 * PAGE_BYTES;
const RESERVE_MS = { min: 1, max: 20 };

/** Plays one history to its end. @throws when it does not end */
export function playStreams(settings: StreamsSettings): StreamsHistory {
  const { seed, faultShare = 0 } = settings;
  const random = seededRandom(seed);
  const time = new SimulatedTime();
  const server = new SharedServer(random, true);
  const store = new SimulatedLimitStore();
  const world = { random, time, server, store, faultShare, narrowArrivalsMs: [] };
  const streams = Array.from(
    { length: settings.streams },
    (_, nth) => new Stream(world, nth, settings.rows),
  );
  let turnsWaitedMax = 0;
  let inFlightOver = 0;
  let shared = begin(world, streams);
  let crashesLeft = settings.crashes ?? 0;
  for (let step = 0; streams.some(({ outcome }) => outcome === null); step++) {
    if (step > STEPS_MAX || !time.advance()) throw new Error(`seed ${seed}: streams do not end`);
    turnsWaitedMax = Math.max(turnsWaitedMax, ...shared.watched.map((each) => each.waitedMax));
    const inFlight = shared.watched.reduce((sum, each) => sum + each.inFlight, 0);
    inFlightOver = Math.max(inFlightOver, inFlight - CONCURRENCY);
    const resumeAtMs = resumeAtMsOf(streams);
    if (resumeAtMs !== null) {
      time.nowMs = Math.max(time.nowMs + 1_000, resumeAtMs);
      for (const stream of streams) stream.resume();
      shared = begin(world, streams);
    }
    // What no answer has described yet no later process can keep within.
    const isKnown = server.arrivalsMs.length > 2 * streams.length;
    if (!isKnown || crashesLeft === 0 || random() > 0.005) continue;
    crashesLeft--;
    time.nowMs += drawInteger(random, 0, 3_000);
    shared = begin(world, streams);
  }
  const { arrivalsMs, limits } = server;
  const spanMs = (arrivalsMs.at(-1) ?? 0) - (arrivalsMs[0] ?? 0);
  return {
    outcomes: streams.flatMap(({ outcome }) => outcome ?? []),
    lost: streams.reduce((sum, { lost }) => sum + lost, 0),
    refused: server.refused,
    fullestShares: [
      ...limits.map(({ quota, windowMs }) => fullestWindow(arrivalsMs, windowMs) / quota),
      fullestWindow(world.narrowArrivalsMs, NARROW.policy.windowMs) / NARROW.policy.quota,
    ],
    ...{ turnsWaitedMax, inFlightOver },
    utilisation: spanMs === 0 ? 1 : server.leastMs(arrivalsMs.length) / spanMs,
  };
}

/** A process begins: with what the one before has saved, and the streams that it had not completed. */
function begin({ time, store }: World, streams: readonly Stream[]): Shared {
  time.life++;
  const saved = store.load(WORK, 0);
  const limits = saved?.limits.filter(({ name }) => name !== NARROW.name) ?? [];
  const startsMs = saved?.limits.find(({ name }) => name === NARROW.name)?.startsMs ?? [];
  const log = {
    ...{ pace: null, isLearned: true },
    limits: [...limits, { ...NARROW, startsMs }],
  };
  const limiter = new Limiter({ assumed: ASSUMED, nowMs: time.nowMs, log });
  const turns = new StartTurns(limiter, new Set([NARROW.name]));
  const slots = [new Slots(CONCURRENCY)];
  let taskId = 0;
  const credits = new CreditPool(CREDIT_BYTES);
  const shared = { limiter, turns, slots, credits, watched: [], nextTaskId: () => ++taskId };
  for (const stream of streams) if (stream.outcome === null) stream.begin(shared);
  return shared;
}

/** When all are over and some only paused, as at the limit of a day; null: not so. */
function resumeAtMsOf(streams: readonly Stream[]): number | null {
  const paused = streams.flatMap(({ outcome }) => (outcome?.status === 'paused' ? [outcome] : []));
  if (paused.length === 0 || streams.some(({ outcome }) => outcome === null)) return null;
  return Math.max(...paused.map(({ resumeAtMs }) => resumeAtMs ?? 0));
}

class Stream {
  readonly #world: World;
  readonly #api: SimulatedApi;
  readonly #ledger: SimulatedLedger;
  readonly #isNarrow: boolean;
  #shared!: Shared;
  #scheduler!: Scheduler;
  #rowsOf = new Map<number, readonly number[]>();
  #nextSegment = 1;
  outcome: RunOutcome | null = null;

  /** Every other one is walked by as many chains as are of use, the others by one. */
  constructor(world: World, nth: number, rows = drawInteger(world.random, 200, 1_000)) {
    this.#world = world;
    this.#isNarrow = nth === NARROW_NTH;
    const { random, faultShare } = world;
    const drawn = { ...drawApi(random, { faultShare, isSteady: true }), quota: null };
    const settings = {
      ...{ ...drawn, rows, isOpaque: true, isFlat: false },
      ...{ clockSkewMs: 0, pageCap: 10, cursorTtlMs: 1e9, shortShare: 0, falseEndShare: 0 },
      latencyMs: drawInteger(random, 20, 300),
    };
    this.#api =
      nth % 2 === 0
        ? new CountedApi(settings, random, 'records')
        : new SimulatedApi(settings, random);
    this.#ledger = new SimulatedLedger((row) => this.#api.placeOf(row));
  }

  get lost(): number {
    const { rows } = this.#api.settings;
    return Array.from({ length: rows }, (_, row) => this.#ledger.writes[row] ?? 0).filter(
      (count) => count === 0,
    ).length;
  }

  /** It was paused: the next process goes on with it. */
  resume(): void {
    if (this.outcome?.status === 'paused') this.outcome = null;
  }

  begin(shared: Shared): void {
    const { random, time } = this.#world;
    this.#shared = shared;
    this.#rowsOf = new Map();
    const { limiter, turns, slots, credits, nextTaskId } = shared;
    const without = new Set(this.#isNarrow ? [] : [NARROW.name]);
    const wake = (): void => time.at(time.nowMs, () => this.#step([]));
    const starts = new WatchedTurn(turns.join(wake, { slots, without }), shared.watched);
    const { scheduler, seeds } = startProcess({
      ...{ api: this.#api, ledger: this.#ledger, random, total: null, savedLimits: null },
      ...{ nowMs: time.nowMs, nextSegment: this.#nextSegment },
      ...{ eventsMax: null, creditBytesMax: 1, within: null },
      shared: { limiter, starts, nextTaskId, credits: credits.join(PAGE_BYTES) },
    });
    this.#scheduler = scheduler;
    this.#nextSegment += 1000;
    time.at(time.nowMs, () => this.#step([{ type: 'seeded', seeds, isThrough: true }]));
  }

  #step(events: readonly SchedulerEvent[]): void {
    if (this.outcome !== null) return;
    const { time } = this.#world;
    for (const command of this.#scheduler.step(events, time.nowMs)) this.#execute(command);
    const { wakeAtMs } = this.#scheduler;
    if (this.outcome === null && Number.isFinite(wakeAtMs)) {
      time.at(Math.max(wakeAtMs, time.nowMs), () => this.#step([]));
    }
  }

  #execute(command: SchedulerCommand): void {
    const { random, time, store } = this.#world;
    switch (command.type) {
      case 'fetch':
        return this.#fetch(command);
      case 'write': {
        const { taskId } = command;
        const landsAtMs = time.nowMs + drawInteger(random, 1, 50);
        return time.at(landsAtMs, () => {
          const counts = this.#ledger.commit(command, this.#rowsOf.get(taskId) ?? [], {
            ...{ isLost: false, run: this.#ledger.run },
          });
          this.#step([{ type: 'committed', taskId, counts }]);
        });
      }
      case 'reserveStarts': {
        const { turns } = this.#shared;
        const atMs = time.nowMs + drawInteger(random, RESERVE_MS.min, RESERVE_MS.max);
        return time.at(atMs, () => {
          const answer = store.reserve(WORK, command.request, 0, atMs);
          turns.reserved(answer);
          this.#step([{ type: 'startsReserved', answer }]);
        });
      }
      case 'finish':
        this.outcome = command.outcome;
        return;
      default:
        return;
    }
  }

  #fetch(command: Extract<SchedulerCommand, { type: 'fetch' }>): void {
    const { random, time, server } = this.#world;
    const { taskId, cursor, limit, isHeadOnly: isRefresh, isBehindEnd = false } = command;
    const sentAtMs = time.nowMs + random();
    const arrivesAtMs = sentAtMs + random();
    time.at(arrivesAtMs, () => {
      const { isAccepted, headers } = server.answer(arrivesAtMs);
      if (this.#isNarrow) this.#world.narrowArrivalsMs.push(arrivesAtMs);
      const asked = { cursor, limit, isRefresh, isBehindEnd };
      const exchange = this.#api.exchange(asked, sentAtMs, arrivesAtMs);
      time.at(arrivesAtMs + this.#api.settings.latencyMs * (0.9 + random() * 0.2), () => {
        const headAtMs = time.nowMs;
        const times = { sentAtMs, headAtMs, limits: readLimitHeaders(headers, headAtMs) };
        if (!isAccepted || exchange.type === 'fault') {
          const fault =
            isAccepted && exchange.type === 'fault'
              ? exchange.fault
              : ({ code: 'RATE_LIMITED', message: 'simulated', retryable: true } as const);
          return this.#step([{ type: 'failed', taskId, fault, ...times }]);
        }
        const { rows, ...said } = exchange.page;
        const known = { nextPosition: null, cursorExpiresInMs: null, limit: null };
        const head = { ...said, ...times, endAtMs: headAtMs, ...known };
        this.#rowsOf.set(taskId, rows);
        const [firstPosition = null] = rows.flatMap((row) => this.#api.placeOf(row) ?? []);
        const lastPosition = rows.flatMap((row) => this.#api.placeOf(row) ?? []).at(-1) ?? null;
        const span = { firstPosition, lastPosition, isDescending: true };
        const scanned = { type: 'scanned', taskId, recordCount: rows.length, ...span } as const;
        this.#step([{ type: 'head', taskId, head }, scanned]);
      });
    });
  }
}
