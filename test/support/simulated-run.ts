/**
 * A whole run in simulated time: the real scheduler, a fake API, a fake database, and crashes. One
 * seed is one history; the same seed is the same history.
 */
import { DEFAULT_BACKOFF } from '../../src/core/backoff.js';
import { Credits } from '../../src/core/credits.js';
import { Frontier } from '../../src/core/frontier.js';
import { type LimitLog, NO_LIMITS } from '../../src/core/limit-log.js';
import { Limiter } from '../../src/core/limiter.js';
import { PageSize } from '../../src/core/page-size.js';
import type { Position } from '../../src/core/position.js';
import { findGaps, planResume } from '../../src/core/resume.js';
import { Scheduler } from '../../src/core/scheduler.js';
import type {
  HeadFacts,
  RunOutcome,
  SchedulerCommand,
  SchedulerEvent,
} from '../../src/core/scheduler-types.js';
import type { FetchCommand, WriteCommand } from '../../src/runtime/run-observer.js';
import { drawInteger, type Random, seededRandom } from './random.js';
import { SimulatedApi } from './simulated-api.js';
import { Hardships } from './simulated-hardships.js';
import { drawApi, type History, type HistorySettings, isResumable } from './simulated-history.js';
import { SimulatedLedger } from './simulated-ledger.js';
import { fullestWindow } from './windows.js';

const SIMULATED = { message: 'simulated', retryable: true };
const PAGE_BYTES = 1000;
const PAGE_RECORDS_MIN = 3;
const STEPS_MAX = 200_000;

/** Plays one history to its end. @throws when it does not end */
export function playHistory(settings: HistorySettings): History {
  return new Player(settings).play();
}

class Player {
  readonly #random: Random;
  readonly #settings: HistorySettings;
  readonly #api: SimulatedApi;
  readonly #ledger: SimulatedLedger;
  readonly #writes: number[];
  readonly #creditBytesMax: number;
  readonly #queue: { atMs: number; life: number; run: () => void }[] = [];
  #savedLimits: LimitLog = NO_LIMITS;
  #nowMs = 1_800_000_000_000;
  /** Counts processes: what an earlier one had begun does not reach a later one. */
  #life = 0;
  #scheduler!: Scheduler;
  #credits!: Credits;
  #inbox: SchedulerEvent[] = [];
  #rowsOf = new Map<number, readonly number[]>();
  #tipsInFlight = new Map<number, Set<number>>();
  #headsRead = new Map<number, number>();
  #nextSegment = 1;
  #outcome: RunOutcome | null = null;
  #heldBytesMax = 0;
  #tipsInFlightMax = 0;
  #steps = 0;
  readonly #hardships: Hardships;

  constructor(settings: HistorySettings) {
    this.#settings = settings;
    this.#random = seededRandom(settings.seed);
    const random = this.#random;
    const api = drawApi(random, settings.faultShare);
    this.#api = new SimulatedApi(api, random);
    this.#ledger = new SimulatedLedger(this.#api.positions);
    this.#writes = new Array<number>(api.rows).fill(0);
    this.#creditBytesMax = drawInteger(random, 1, 8) * PAGE_BYTES;
    this.#hardships = new Hardships(settings.hardships === true, api.rows, random);
  }

  play(): History {
    this.#start();
    let crashesLeft = this.#settings.crashes;
    while (this.#outcome === null) {
      if (++this.#steps > STEPS_MAX)
        throw new Error(`seed ${this.#settings.seed}: the run does not end`);
      const isCrash = crashesLeft > 0 && this.#random() < 0.02;
      if (isCrash) {
        crashesLeft--;
        this.#crash();
        continue;
      }
      this.#advance();
      if (this.#outcome !== null && isResumable(this.#outcome, this.#settings.hardships === true)) {
        this.#nowMs += 600_000;
        this.#start();
      }
    }
    return this.#history(this.#outcome);
  }

  #start(): void {
    this.#life++;
    this.#outcome = null;
    this.#inbox = [];
    this.#rowsOf = new Map();
    this.#tipsInFlight = new Map();
    this.#headsRead = new Map();
    const { cursors } = this.#api;
    const canSeek = !this.#ledger.pages.some(
      (page) => page.nextCursor !== null && this.#api.readCursor(page.nextCursor) === null,
    );
    const { gaps } = planResume(this.#ledger.pages, { canSeek, nowMs: this.#nowMs });
    const frontier = new Frontier(cursors, { canSeek });
    for (const gap of gaps) frontier.add({ ...gap, segment: this.#nextSegment++ });
    const forgets = this.#settings.sabotage === 'forgetsLimits';
    const limiter = new Limiter({
      // What is assumed of an API that has said nothing yet: most have a shorter window.
      assumed: { quota: this.#api.settings.quota ?? 10, windowMs: 60_000 },
      nowMs: this.#nowMs,
      ...(forgets ? {} : { log: this.#savedLimits }),
    });
    this.#credits = new Credits({ bytesMax: this.#creditBytesMax, expectedPageBytes: PAGE_BYTES });
    this.#scheduler = new Scheduler({
      frontier,
      limiter,
      credits: this.#credits,
      pageSize: new PageSize(drawInteger(this.#random, 5, 50), undefined, PAGE_RECORDS_MIN),
      cursors,
      backoff: DEFAULT_BACKOFF,
      concurrency: drawInteger(this.#random, 1, 6),
      cursorThresholdMs: cursors.cursorTtlMs / 2,
      eventsMax: this.#hardships.happens(0.5) ? drawInteger(this.#random, 1, 400) : null,
      nextSegment: this.#nextSegment,
      rowsDone: this.#ledger.rowsWritten,
      quarantineShareMax: 1,
      random: this.#random,
    });
    this.#nextSegment += 1000;
    this.#step();
  }

  /** The process dies: writes under way may still land, everything else of it is gone. */
  #crash(): void {
    const isLong = this.#random() < 0.3;
    this.#nowMs += isLong
      ? drawInteger(this.#random, 60, 400) * 1000
      : drawInteger(this.#random, 0, 3000);
    this.#start();
  }

  #advance(): void {
    if (this.#hardships.happens(0.01))
      this.#inbox.push({ type: 'drain', outcome: { status: 'interrupted' } });
    this.#queue.sort((a, b) => a.atMs - b.atMs);
    const next = this.#queue.shift();
    if (next === undefined)
      throw new Error(`seed ${this.#settings.seed}: nothing will ever happen`);
    this.#nowMs = Math.max(this.#nowMs, next.atMs);
    if (next.life === this.#life || next.life === 0) next.run();
    this.#step();
  }

  #step(): void {
    const life = this.#life;
    for (const command of this.#scheduler.step(this.#inbox.splice(0), this.#nowMs))
      this.#execute(command);
    this.#heldBytesMax = Math.max(this.#heldBytesMax, this.#credits.heldBytes);
    if (this.#life !== life || this.#outcome !== null) return;
    const { wakeAtMs } = this.#scheduler;
    if (Number.isFinite(wakeAtMs)) this.#at(Math.max(wakeAtMs, this.#nowMs), () => {});
  }

  #execute(command: SchedulerCommand): void {
    switch (command.type) {
      case 'fetch':
        return this.#fetch(command);
      case 'write':
        return this.#write(command);
      case 'saveLimits': {
        const { log } = command;
        return this.#at(this.#nowMs + drawInteger(this.#random, 1, 20), () => {
          this.#savedLimits = log;
          this.#inbox.push({ type: 'limitsSaved' });
        });
      }
      case 'finish':
        this.#outcome = command.outcome;
        return;
      default:
        return;
    }
  }

  #fetch(command: FetchCommand): void {
    const { taskId, segment, page, cursor, limit, isHeadOnly, isHeadUrgent } = command;
    const sentAtMs = this.#nowMs + this.#random();
    const arrivesAtMs = sentAtMs + this.#random();
    const latencyMs = this.#api.settings.latencyMs * (0.9 + this.#random() * 0.2);
    const pages = this.#tipsInFlight.get(segment) ?? new Set();
    // A page that is asked for again is a repair, unless its head was never read.
    if (page > (this.#headsRead.get(segment) ?? 0))
      this.#tipsInFlight.set(segment, pages.add(page));
    this.#tipsInFlightMax = Math.max(this.#tipsInFlightMax, pages.size);
    this.#at(arrivesAtMs, () => {
      const exchange = this.#api.exchange({ cursor, limit }, sentAtMs, arrivesAtMs);
      const dateMs = this.#api.dateAt(arrivesAtMs);
      this.#at(arrivesAtMs + latencyMs, () => {
        const headAtMs = this.#nowMs;
        const { limits } = exchange;
        const times = { sentAtMs, headAtMs, dateMs, limits };
        if (exchange.type === 'fault') {
          pages.delete(page);
          const { fault, hasHead } = exchange;
          const known = { ...times, headAtMs: hasHead ? headAtMs : null };
          this.#inbox.push({ type: 'failed', taskId, fault, ...known });
          return;
        }
        const { rows, ...said } = exchange.page;
        const known = { cursorExpiresInMs: null, limit: null, bodyBytes: PAGE_BYTES };
        const nextPosition = this.#api.readCursor(said.nextCursor);
        const head = { ...said, nextPosition, ...times, endAtMs: headAtMs, ...known };
        const tellHead = (): void => {
          pages.delete(page);
          this.#headsRead.set(segment, Math.max(page, this.#headsRead.get(segment) ?? 0));
          this.#inbox.push({ type: 'head', taskId, head });
        };
        if (isHeadUrgent) tellHead();
        this.#at(headAtMs + drawInteger(this.#random, 0, 30), () => {
          if (!isHeadOnly && (exchange.breaksAfterHead || this.#hardships.breaks(rows))) {
            pages.delete(page);
            return this.#breakInScan(taskId, times);
          }
          if (!isHeadUrgent) tellHead();
          if (isHeadOnly) this.#inbox.push({ type: 'refreshed', taskId });
          else this.#scan(taskId, rows);
        });
      });
    });
  }

  #breakInScan(taskId: number, times: Pick<HeadFacts, 'sentAtMs' | 'headAtMs' | 'limits'>): void {
    const code = this.#random() < 0.5 ? 'PAGE_MALFORMED' : 'WORKER_DIED';
    const fault = { code, ...SIMULATED } as const;
    this.#inbox.push({ type: 'failed', taskId, fault, ...times });
  }

  #scan(taskId: number, rows: readonly number[]): void {
    this.#rowsOf.set(taskId, rows);
    const positions = rows.map((row) => this.#api.positions[row] as Position);
    const [firstPosition = null] = positions;
    const lastPosition = positions.at(-1) ?? null;
    const recordCount = rows.length;
    const order = { isOrdered: true, isDescending: true };
    const span = { firstPosition, lastPosition, ...order };
    this.#inbox.push({ type: 'scanned', taskId, recordCount, ...span });
  }

  /** Commits land in any order, and land even when the process that asked is dead by then. */
  #write(command: WriteCommand): void {
    const { taskId, bound } = command;
    const rows = this.#rowsOf.get(taskId) ?? [];
    const landsAtMs = this.#nowMs + drawInteger(this.#random, 1, 500);
    const kept = rows.filter((row) => this.#ledger.isWithin(row, bound));
    const isLost = this.#settings.sabotage === 'losesCommits' && this.#random() < 0.2;
    const diesWithProcess = this.#random() < 0.5;
    const life = this.#life;
    if (this.#hardships.happens(0.02)) {
      const fault = { code: 'DATABASE_UNAVAILABLE', ...SIMULATED } as const;
      return this.#at(landsAtMs, () => this.#inbox.push({ type: 'writeFailed', taskId, fault }));
    }
    this.#queue.push({
      atMs: landsAtMs,
      life: diesWithProcess ? life : 0,
      run: () => {
        this.#ledger.pages.push({ ...command, rows: kept });
        if (!isLost) for (const row of kept) this.#writes[row] = (this.#writes[row] ?? 0) + 1;
        if (this.#life !== life) return;
        const count = kept.length;
        const counts = { returned: count, inserted: count, duplicate: 0, quarantined: 0 };
        this.#inbox.push({ type: 'committed', taskId, counts });
      },
    });
  }

  #at(atMs: number, run: () => void): void {
    this.#queue.push({ atMs, life: this.#life, run });
  }

  #history(outcome: RunOutcome): History {
    const { quota, windowMs } = this.#api.settings;
    return {
      outcome,
      writes: this.#writes,
      refused: this.#api.refused,
      fullestWindow: fullestWindow(this.#api.arrivalsMs, windowMs),
      quota,
      heldBytesMax: this.#heldBytesMax,
      creditBytesMax: this.#creditBytesMax,
      tipsInFlightMax: this.#tipsInFlightMax,
      gapsAtEnd: findGaps(this.#ledger.pages).length,
      steps: this.#steps,
      counted: this.#ledger.countCovered(),
    };
  }
}
