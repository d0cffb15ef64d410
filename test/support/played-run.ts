/** A run in simulated time, as the figures of a process see one. */
import type { LimitPolicy } from '../../src/core/token-bucket.js';
import { WaitTimes } from '../../src/core/wait-times.js';
import type { EngineParts } from '../../src/observe/engine-metrics.js';
import { RunFigures } from '../../src/observe/run-figures.js';
import { RunTimeline } from '../../src/observe/run-report-timeline.js';
import { RunStats } from '../../src/observe/run-stats.js';

export const T0 = 1_800_000_000_000;
const PAGE_ROWS = 1_000;
const NOTHING = {
  pages: 0,
  rows: 0,
  returned: 0,
  inserted: 0,
  updated: 0,
  duplicate: 0,
  quarantined: 0,
};

/** Pages start as a sliding log permits, and are committed a latency later. */
export class PlayedRun {
  readonly stats: RunStats;
  readonly waits = new WaitTimes();
  readonly figures: RunFigures;
  readonly timeline: RunTimeline;
  readonly scheduler: EngineParts['scheduler'];
  readonly limiter: EngineParts['limiter'];
  readonly #options: PlayedOptions;
  readonly #pages: number;
  #startsMs: number[] = [];
  #answersMs: number[] = [];
  #started = 0;
  nowMs = T0;

  constructor(options: PlayedOptions) {
    const { policy, pages, earlierPages = 0 } = options;
    this.#options = options;
    this.#pages = pages;
    const earlierRows = earlierPages * PAGE_ROWS;
    const earlier = { ...NOTHING, pages: earlierPages, rows: earlierRows, inserted: earlierRows };
    this.stats = new RunStats({ earlier, walksAgain: false });
    this.stats.sourceTotal = earlierRows + pages * PAGE_ROWS;
    this.scheduler = {
      waits: this.waits,
      credits: { heldBytes: 0, bytesMax: 16_000_000 },
      openSegments: () => [],
      outstandingByPhase: () => ({
        ...{ inFlight: this.#answersMs.length, scanning: 0, held: 0, writing: 0 },
      }),
    } as unknown as EngineParts['scheduler'];
    this.limiter = {
      policy,
      tokensAt: () => 0,
      limits: () => (policy === null ? [] : [{ ...policy, kind: 'window', from: 'measured' }]),
      startsIn: () => this.#inWindow().length,
      comingStartsMs: (nowMs: number, countMax: number) => this.#coming(nowMs, countMax),
    } as unknown as EngineParts['limiter'];
    const { stats, limiter, scheduler } = this;
    this.figures = new RunFigures({ stats, limiter, scheduler });
    this.timeline = new RunTimeline({
      ...{ stats, figures: this.figures, scheduler, nowMs: () => this.nowMs },
    });
  }

  get isOver(): boolean {
    return this.stats.pagesHere >= this.#pages;
  }

  /** Lets time pass by tenths of a second. @param each called after each whole second */
  play(untilMs: number, each: (secondsIn: number) => void = () => {}): void {
    while (this.nowMs - T0 < untilMs && !this.isOver) {
      this.nowMs += 100;
      this.#step();
      if ((this.nowMs - T0) % 1_000 !== 0) continue;
      this.timeline.tick();
      each((this.nowMs - T0) / 1_000);
    }
  }

  #step(): void {
    const { latencyMs, startupMs, inFlightMax } = this.#options;
    const arrived = this.#answersMs.filter((atMs) => atMs <= this.nowMs);
    this.#answersMs = this.#answersMs.filter((atMs) => atMs > this.nowMs);
    for (const _ of arrived) this.#commit();
    if (this.nowMs - T0 < startupMs) return;
    const room = () => this.#answersMs.length < inFlightMax && this.#started < this.#pages;
    while (room() && this.#mayStart()) {
      this.#started++;
      this.stats.asked(this.nowMs);
      this.stats.requests++;
      this.stats.utilisation.add(this.nowMs);
      this.#startsMs.push(this.nowMs);
      this.#answersMs.push(this.nowMs + latencyMs);
    }
    this.waits.waitFor(this.#mayStart() ? 'slot' : 'permit', this.nowMs);
  }

  #commit(): void {
    const none = { updated: 0, duplicate: 0, known: 0, quarantined: 0 };
    const counts = { returned: PAGE_ROWS, inserted: PAGE_ROWS, ...none };
    this.stats.committed(
      {
        ...{ type: 'committed', method: 'copy', isNew: true, writeMs: 5 },
        ...{ buffers: null as never, committedAtMs: this.nowMs, counts },
      },
      this.nowMs,
    );
  }

  #inWindow(): number[] {
    const windowMs = this.#options.policy?.windowMs ?? 0;
    this.#startsMs = this.#startsMs.filter((startMs) => startMs + windowMs > this.nowMs);
    return this.#startsMs;
  }

  #mayStart(): boolean {
    const { policy } = this.#options;
    return policy === null || this.#inWindow().length < policy.quota;
  }

  #coming(nowMs: number, countMax: number): number[] {
    const { policy } = this.#options;
    if (policy === null) return [];
    const taken = this.#inWindow().map((startMs) => startMs + policy.windowMs);
    const free = Array.from({ length: policy.quota - taken.length }, () => nowMs);
    return [...free, ...taken].slice(0, countMax);
  }
}

export interface PlayedOptions {
  readonly policy: LimitPolicy | null;
  readonly pages: number;
  readonly latencyMs: number;
  /** Until the first request. */
  readonly startupMs: number;
  readonly inFlightMax: number;
  readonly earlierPages?: number;
}
