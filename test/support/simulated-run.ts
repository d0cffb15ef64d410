/**
 * A whole run in simulated time: the real scheduler, a fake API, a fake database, and crashes. One
 * seed is one history; the same seed is the same history.
 */

import type { Scheduler } from '../../src/core/scheduler.js';
import type {
  HeadFacts,
  RunOutcome,
  SchedulerCommand,
  SchedulerEvent,
} from '../../src/core/scheduler-types.js';
import type { FetchCommand, WriteCommand } from '../../src/runtime/run-observer.js';
import { HeldBytes } from './held-bytes.js';
import { drawInteger, type Random, seededRandom } from './random.js';
import { PAGE_BYTES, type SimulatedApi } from './simulated-api.js';
import { SimulatedCommits } from './simulated-commits.js';
import { Hardships } from './simulated-hardships.js';
import { type History, type HistorySettings, isResumable, openApi } from './simulated-history.js';
import { SimulatedLedger } from './simulated-ledger.js';
import { SimulatedLimitStore } from './simulated-limit-store.js';
import { keptInLedger, seenByApi } from './simulated-outcome.js';
import { startProcess } from './simulated-process.js';
import { SimulatedRuns } from './simulated-runs.js';
import { SimulatedSeeds } from './simulated-seeds.js';
import { spanOf } from './simulated-source.js';
import { SimulatedTime } from './simulated-time.js';

const SIMULATED = { message: 'simulated', retryable: true };
const STEPS_MAX = 200_000;
/** All processes of a history work on one run. */
const WORK = 'run';

/** Plays one history to its end. @throws when it does not end */
export function playHistory(settings: HistorySettings): History {
  return new Player(settings).play();
}

class Player {
  readonly #random: Random;
  readonly #settings: HistorySettings;
  readonly #api: SimulatedApi;
  readonly #ledger: SimulatedLedger;
  readonly #seeds: SimulatedSeeds;
  readonly #creditBytesMax: number;
  readonly #commits: SimulatedCommits;
  readonly #isHard: boolean;
  readonly #time = new SimulatedTime();
  readonly #savedLimits: SimulatedLimitStore;
  #scheduler!: Scheduler;
  #inbox: SchedulerEvent[] = [];
  #rowsOf = new Map<number, readonly number[]>();
  #tipsInFlight = new Map<number, Set<number>>();
  #headsRead = new Map<number, number>();
  #nextSegment = 1;
  #total: number | null = null;
  #outcome: RunOutcome | null = null;
  #held = new HeldBytes(0);
  #heldBytesOver = 0;
  #tipsInFlightMax = 0;
  /** They were asked for when there were none. */
  #awaitsSeeds = false;
  #steps = 0;
  readonly #hardships: Hardships;
  readonly #runs = new SimulatedRuns();
  #crashesLeft: number;
  /** Rows that were there when the last run began. */
  #rowsBefore: number;

  constructor(settings: HistorySettings) {
    this.#settings = settings;
    this.#random = seededRandom(settings.seed);
    const random = this.#random;
    this.#savedLimits = new SimulatedLimitStore(settings.sabotage);
    this.#api = openApi(settings, random);
    this.#seeds = new SimulatedSeeds(this.#api.parents);
    this.#crashesLeft = settings.crashes;
    this.#rowsBefore = this.#api.settings.rows;
    this.#ledger = new SimulatedLedger((row) => this.#api.placeOf(row), this.#seeds.children);
    this.#creditBytesMax = drawInteger(random, 1, 8) * PAGE_BYTES;
    this.#hardships = new Hardships(settings.hardships === true, this.#api.settings.rows, random);
    const parts = { time: this.#time, ledger: this.#ledger, hardships: this.#hardships };
    this.#commits = new SimulatedCommits({ settings, random, ...parts });
    this.#isHard = settings.hardships === true || this.#commits.isSlow;
  }

  play(): History {
    this.#start();
    while (this.#outcome === null) {
      if (++this.#steps > STEPS_MAX) throw new Error(`seed ${this.#settings.seed} does not end`);
      if (this.#dies(0.02)) this.#crash();
      else this.#advance();
      if (this.#outcome === null) continue;
      if (isResumable(this.#outcome, this.#isHard) || this.#goesOn(this.#outcome)) {
        this.#restart(600_000);
      }
    }
    return this.#history(this.#outcome);
  }

  #dies(share: number): boolean {
    const dies = this.#crashesLeft > 0 && this.#random() < share;
    if (dies) this.#crashesLeft--;
    return dies;
  }

  /** A run is complete, and another is to follow; or it dies before that is on record. */
  #goesOn({ status }: RunOutcome): boolean {
    const { runs = 1, isStill = false } = this.#settings;
    if (status !== 'complete' || runs === 1) return false;
    if (this.#dies(0.2)) return true;
    this.#runs.complete(this.#ledger.highest);
    if (this.#runs.completed >= runs) return false;
    if (!isStill) this.#api.source.growAtStart(60, this.#random);
    return true;
  }

  #start(): void {
    this.#time.life++;
    this.#api.greet();
    if (this.#runs.start()) {
      const { pass, within } = this.#runs;
      this.#ledger.beginRun({ pass, within });
      this.#total = null;
      this.#rowsBefore = this.#api.source.size;
    }
    this.#outcome = null;
    this.#inbox = [];
    this.#rowsOf = new Map();
    this.#tipsInFlight = new Map();
    this.#headsRead = new Map();
    this.#heldBytesOver = Math.max(this.#heldBytesOver, this.#held.over);
    const { scheduler, held, seeds } = startProcess({
      ...{ api: this.#api, ledger: this.#ledger, random: this.#random, total: this.#total },
      ...{ creditBytesMax: this.#creditBytesMax, nextSegment: this.#nextSegment },
      ...{ within: this.#runs.within, nowMs: this.#time.clockMs },
      savedLimits: this.#savedLimits.load(WORK, this.#time.clockOffsetMs),
      eventsMax: this.#hardships.happens(0.5) ? drawInteger(this.#random, 1, 400) : null,
    });
    [this.#scheduler, this.#held] = [scheduler, held];
    this.#awaitsSeeds = false;
    this.#seeds.begin(this.#ledger.pages, seeds);
    this.#nextSegment += 1000;
    this.#step();
  }

  /** The process dies: writes under way may still land, everything else of it is gone. */
  #crash(): void {
    const isLong = this.#random() < 0.3;
    this.#restart(drawInteger(this.#random, isLong ? 60_000 : 0, isLong ? 400_000 : 3_000));
  }

  #restart(afterMs: number): void {
    this.#time.nowMs += afterMs;
    if (this.#settings.clockSteps !== false) this.#time.stepClock(this.#random);
    this.#start();
  }

  #advance(): void {
    if (this.#hardships.happens(0.01))
      this.#inbox.push({ type: 'drain', outcome: { status: 'interrupted' } });
    if (!this.#time.advance()) throw new Error(`seed ${this.#settings.seed} waits for nothing`);
    this.#step();
  }

  #step(): void {
    for (const command of this.#scheduler.step(this.#inbox.splice(0), this.#time.clockMs))
      this.#execute(command);
    const { wakeAtMs } = this.#scheduler;
    if (this.#outcome !== null || !Number.isFinite(wakeAtMs)) return;
    this.#time.at(Math.max(wakeAtMs - this.#time.clockOffsetMs, this.#time.nowMs), () => {});
  }

  #execute(command: SchedulerCommand): void {
    this.#seeds.told(command);
    if (command.type === 'endSegment' && this.#awaitsSeeds) this.#seed();
    switch (command.type) {
      case 'fetch':
        return this.#fetch(command);
      case 'write':
        return this.#write(command);
      case 'reserveStarts': {
        const { request } = command;
        const { clockOffsetMs } = this.#time;
        const atMs = this.#time.nowMs + drawInteger(this.#random, 1, 20);
        return this.#time.at(atMs, () => {
          const answer = this.#savedLimits.reserve(WORK, request, clockOffsetMs, atMs);
          this.#inbox.push({ type: 'startsReserved', answer });
        });
      }
      case 'seedsWanted':
        return this.#seed();
      case 'drop':
        return this.#held.release(command.taskId);
      case 'finish':
        this.#outcome = command.outcome;
        return;
      default:
        return;
    }
  }

  #seed(): void {
    this.#awaitsSeeds = false;
    this.#time.at(this.#time.nowMs + drawInteger(this.#random, 1, 200), () => {
      const size = drawInteger(this.#random, 1, 20);
      const block = this.#seeds.take(size, this.#ledger.pages, this.#time.clockMs);
      this.#awaitsSeeds = block === null;
      if (block !== null) this.#inbox.push({ type: 'seeded', ...block });
    });
  }

  #fetch(command: FetchCommand): void {
    const { taskId, segment, page, cursor, limit, isHeadOnly, isHeadUrgent } = command;
    this.#seeds.asked(cursor);
    const sentAtMs = this.#time.nowMs + this.#random();
    const arrivesAtMs = sentAtMs + this.#random();
    const latencyMs = this.#api.settings.latencyMs * (0.9 + this.#random() * 0.2);
    const pages = this.#tipsInFlight.get(segment) ?? new Set();
    // A page that is asked for again is a repair, unless its head was never read.
    if (page > (this.#headsRead.get(segment) ?? 0))
      this.#tipsInFlight.set(segment, pages.add(page));
    this.#tipsInFlightMax = Math.max(this.#tipsInFlightMax, pages.size);
    const { clockOffsetMs } = this.#time;
    this.#time.at(arrivesAtMs, () => {
      const isBehindEnd = command.isBehindEnd === true;
      const asked = { cursor, limit, isRefresh: isHeadOnly, isBehindEnd };
      const exchange = this.#api.exchange(asked, sentAtMs, arrivesAtMs);
      const dateMs = this.#api.dateAt(arrivesAtMs);
      this.#time.at(arrivesAtMs + latencyMs, () => {
        const headAtMs = this.#time.clockMs;
        const { limits } = exchange;
        const times = { sentAtMs: sentAtMs + clockOffsetMs, headAtMs, dateMs, limits };
        if (exchange.type === 'fault') {
          pages.delete(page);
          const { fault, hasHead } = exchange;
          const known = { ...times, headAtMs: hasHead ? headAtMs : null };
          this.#inbox.push({ type: 'failed', taskId, fault, ...known });
          return;
        }
        const { rows, ...said } = exchange.page;
        const known = { cursorExpiresInMs: null, limit: null };
        const total = this.#runs.within === null ? said.total : null;
        this.#total = total ?? this.#total;
        if (!isHeadOnly) this.#held.hold(taskId, said.bodyBytes);
        const { nextCursor } = said;
        const nextPosition = nextCursor === null ? null : this.#api.paging.placeOf(nextCursor);
        const head = { ...said, total, nextPosition, ...times, endAtMs: headAtMs, ...known };
        const tellHead = (): void => {
          pages.delete(page);
          this.#headsRead.set(segment, Math.max(page, this.#headsRead.get(segment) ?? 0));
          this.#inbox.push({ type: 'head', taskId, head });
        };
        if (isHeadUrgent) tellHead();
        const scanMsMax = this.#random() < 0.1 ? 10_000 : 30;
        this.#time.at(this.#time.nowMs + drawInteger(this.#random, 0, scanMsMax), () => {
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
    this.#held.release(taskId);
    const code = this.#random() < 0.5 ? 'PAGE_MALFORMED' : 'WORKER_DIED';
    const fault = { code, ...SIMULATED } as const;
    this.#inbox.push({ type: 'failed', taskId, fault, ...times });
  }

  #scan(taskId: number, rows: readonly number[]): void {
    this.#rowsOf.set(taskId, rows);
    const span = spanOf(rows.flatMap((row) => this.#api.placeOf(row) ?? []));
    this.#inbox.push({ type: 'scanned', taskId, recordCount: rows.length, ...span });
  }

  #write(command: WriteCommand): void {
    const { taskId } = command;
    this.#commits.write(command, this.#rowsOf.get(taskId) ?? [], {
      committed: (counts) => {
        this.#held.release(taskId);
        this.#inbox.push({ type: 'committed', taskId, counts });
      },
      failed: (fault) => this.#inbox.push({ type: 'writeFailed', taskId, fault }),
    });
  }

  #history(outcome: RunOutcome): History {
    const asked = { rows: this.#rowsBefore, seeds: this.#seeds, within: this.#runs.within };
    return {
      outcome,
      ...seenByApi(this.#api),
      ...keptInLedger(this.#ledger, this.#api, asked),
      heldBytesOver: Math.max(this.#heldBytesOver, this.#held.over),
      tipsInFlightMax: this.#tipsInFlightMax,
      steps: this.#steps,
    };
  }
}
