/**
 * A whole run in simulated time: the real scheduler, a fake API, a fake database, and crashes. One
 * seed is one history; the same seed is the same history.
 */

import type { Scheduler } from '../../src/core/scheduler.js';
import type {
  RunOutcome,
  SchedulerCommand,
  SchedulerEvent,
} from '../../src/core/scheduler-types.js';
import type { FetchCommand, WriteCommand } from '../../src/runtime/run-observer.js';
import { HeldBytes } from './held-bytes.js';
import { drawInteger, type Random, seededRandom } from './random.js';
import type { SimulatedApi } from './simulated-api.js';
import { PAGE_BYTES } from './simulated-api-settings.js';
import { SimulatedCommits } from './simulated-commits.js';
import { Hardships } from './simulated-hardships.js';
import { type History, type HistorySettings, isResumable, openApi } from './simulated-history.js';
import { SimulatedLedger } from './simulated-ledger.js';
import { SimulatedLimitStore } from './simulated-limit-store.js';
import { type AskedOf, gapsOf, keptInLedger, seenByApi } from './simulated-outcome.js';
import { startProcess } from './simulated-process.js';
import { SimulatedRequests } from './simulated-requests.js';
import { SimulatedRuns } from './simulated-runs.js';
import { SimulatedSeeds } from './simulated-seeds.js';
import { SimulatedTime } from './simulated-time.js';

const STEPS_MAX = 20_000;
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
  #requests!: SimulatedRequests;
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
  /** Of runs that were complete before the last. */
  #gapsBefore = 0;
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
    this.#gapsBefore += gapsOf(this.#ledger, this.#api, this.#asked);
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
    this.#heldBytesOver = Math.max(this.#heldBytesOver, this.#held.over);
    const { scheduler, held, seeds } = startProcess({
      ...{ api: this.#api, ledger: this.#ledger, random: this.#random, total: this.#total },
      ...{ creditBytesMax: this.#creditBytesMax, nextSegment: this.#nextSegment },
      ...{ within: this.#runs.within, nowMs: this.#time.clockMs },
      savedLimits: this.#savedLimits.load(WORK, this.#time.clockOffsetMs),
      eventsMax: this.#hardships.happens(0.5) ? drawInteger(this.#random, 1, 400) : null,
    });
    [this.#scheduler, this.#held] = [scheduler, held];
    this.#requests = this.#openRequests();
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
        this.#seeds.asked(command.cursor);
        return this.#send(command);
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

  #openRequests(): SimulatedRequests {
    return new SimulatedRequests({
      ...{ api: this.#api, random: this.#random, hardships: this.#hardships },
      ...{ clock: this.#time, held: this.#held },
      reach: (atMs, run) => this.#time.at(atMs, run),
      tell: (event) => this.#inbox.push(event),
      total: (said) => {
        const total = this.#runs.within === null ? said : null;
        this.#total = total ?? this.#total;
        return total;
      },
    });
  }

  #send(command: FetchCommand): void {
    this.#requests.send(command);
    this.#tipsInFlightMax = Math.max(this.#tipsInFlightMax, this.#requests.tipsInFlightMax);
  }

  #write(command: WriteCommand): void {
    const { taskId } = command;
    this.#commits.write(command, this.#requests.rowsOf(taskId), {
      committed: (counts) => {
        this.#held.release(taskId);
        this.#inbox.push({ type: 'committed', taskId, counts });
      },
      failed: (fault) => this.#inbox.push({ type: 'writeFailed', taskId, fault }),
    });
  }

  get #asked(): AskedOf {
    return { seeds: this.#seeds, within: this.#runs.within };
  }

  #history(outcome: RunOutcome): History {
    const kept = keptInLedger(this.#ledger, this.#api, {
      ...this.#asked,
      rows: this.#rowsBefore,
    });
    return {
      outcome,
      ...seenByApi(this.#api),
      ...kept,
      gapsAtEnd: this.#gapsBefore + kept.gapsAtEnd,
      heldBytesOver: Math.max(this.#heldBytesOver, this.#held.over),
      tipsInFlightMax: this.#tipsInFlightMax,
      runsLeft: this.#runs.left,
      steps: this.#steps,
    };
  }
}
