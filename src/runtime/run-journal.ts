/**
 * Run journal: what the loop tells the database beside the pages, and asks of it. What becomes of segments is
 * told in order; a page waits until its segment is there.
 */
import PQueue from 'p-queue';
import type { Fault } from '../core/fault.js';
import type { ReceivedCounts } from '../core/received-records.js';
import type { SegmentSeed } from '../core/segment.js';
import type { StartAnswer, StartRequest } from '../core/start-reservation.js';
import type { Position } from '../paging/position.js';

/** What a run learns of its source as it goes; null: not yet. */
export interface SourceFacts {
  readonly total: number | null;
  readonly firstRequestAtMs: number | null;
}

/** What the journal needs of the ledger of runs; rejections are the driver's errors. */
export interface JournalStore {
  setSourceFacts(run: number, facts: SourceFacts): Promise<void>;
  setLastError(run: number, lastError: string | null): Promise<void>;
}

/** Segments to be walked. `isThrough`: nothing of the run is left, here or elsewhere. */
export interface SeedBlock {
  readonly seeds: readonly SegmentSeed[];
  readonly isThrough: boolean;
}

/** The segments of one member; rejections are the driver's errors. */
export interface HeldSegments {
  open(segment: Pick<SegmentSeed, 'segment' | 'after' | 'bound'>): Promise<void>;
  split(segment: number, at: Position, newSegment: number): Promise<void>;
  setBound(segment: number, bound: Position | null): Promise<void>;
  /** All their pages are committed. */
  end(segments: readonly number[]): Promise<void>;
  supersede(segment: number): Promise<void>;
  /** They are another member's. */
  give(segments: readonly number[]): Promise<void>;
  /**
   * Waits for some, or until the run is through.
   *
   * @param isLeftBehind only what no living member holds, without waiting: there may be none
   */
  take(isLeftBehind: boolean): Promise<SeedBlock>;
  /** Waits until other members are through, and counts what all have. */
  countAll(): Promise<ReceivedCounts>;
}

export interface RunJournalOptions {
  readonly run: number;
  readonly store: JournalStore;
  readonly segments: HeldSegments;
  readonly reserveStarts: (request: StartRequest) => Promise<StartAnswer>;
  readonly faultOf: (error: unknown) => Fault;
  /** What is told for readers alone could not be told. */
  readonly onReaderFault: (fault: Fault) => void;
  /** What became of a segment could not be told: no page of it can be written any more. */
  readonly onSegmentFault: (fault: Fault) => void;
}

/** A statement for each child would cost as much as its page. */
const END_EVERY_MS = 100;

export class RunJournal {
  readonly #options: RunJournalOptions;
  /** One at a time: a segment is opened before it is ended. */
  readonly #queue = new PQueue({ concurrency: 1 });
  /** Segments that are being opened. */
  readonly #opening = new Map<number, Promise<void>>();
  /** What became of a segment could not be told. */
  #hasFailed = false;
  #ended: number[] = [];
  #endedAtMs = Number.NEGATIVE_INFINITY;
  #endTimer: NodeJS.Timeout | null = null;

  constructor(options: RunJournalOptions) {
    this.#options = options;
  }

  /** Resolves once the segment is there, or cannot be; null: it is. */
  opening(segment: number): Promise<void> | null {
    return this.#opening.get(segment) ?? null;
  }

  segmentOpened({ segment, after, bound }: SegmentSeed): void {
    this.#opens(segment, (held) => held.open({ segment, after, bound }));
  }

  segmentSplit(segment: number, at: Position, newSegment: number): void {
    this.#opens(newSegment, (held) => held.split(segment, at, newSegment));
  }

  segmentBounded(segment: number, bound: Position | null): void {
    void this.#tell((held) => held.setBound(segment, bound));
  }

  segmentSuperseded(segment: number): void {
    void this.#tell((held) => held.supersede(segment));
  }

  segmentsGiven(segments: readonly number[]): void {
    void this.#tell((held) => held.give(segments));
  }

  /** All its pages are committed. Several are told of at once. */
  segmentEnded(segment: number): void {
    this.#ended.push(segment);
    if (this.#endTimer !== null) return;
    const waitMs = Math.max(0, this.#endedAtMs + END_EVERY_MS - performance.now());
    if (waitMs === 0) this.#tellEnded();
    else this.#endTimer = setTimeout(() => this.#tellEnded(), waitMs);
  }

  /** Told when something of it is new: those who look on make a share and a time left of it. */
  sourceSeen(facts: SourceFacts): void {
    const { run, store } = this.#options;
    void this.#later(() => store.setSourceFacts(run, facts), this.#options.onReaderFault);
  }

  /** Told now and then. @param text holds no secret; null: all is well again */
  lastErrorSeen(text: string | null): void {
    const { run, store } = this.#options;
    void this.#later(() => store.setLastError(run, text), this.#options.onReaderFault);
  }

  startsReserved(request: StartRequest): Promise<StartAnswer | { readonly fault: Fault }> {
    return this.#orFault(this.#options.reserveStarts(request));
  }

  seedsTaken(isLeftBehind: boolean): Promise<SeedBlock | { readonly fault: Fault }> {
    return this.#orFault(this.#options.segments.take(isLeftBehind));
  }

  /** Behind what was told of segments: one that is given is another's, which is to be waited for. */
  allCounted(): Promise<ReceivedCounts | { readonly fault: Fault }> {
    return this.#orFault(this.flush().then(() => this.#options.segments.countAll()));
  }

  /** Resolves when all that was told is in the database. */
  async flush(): Promise<void> {
    if (this.#endTimer !== null) this.#tellEnded();
    await this.#queue.onIdle();
  }

  #tellEnded(): void {
    if (this.#endTimer !== null) clearTimeout(this.#endTimer);
    this.#endTimer = null;
    this.#endedAtMs = performance.now();
    const ended = this.#ended;
    this.#ended = [];
    if (ended.length > 0) void this.#tell((held) => held.end(ended));
  }

  #opens(segment: number, work: (held: HeldSegments) => Promise<void>): void {
    const opening = this.#tell(work).then(() => {
      this.#opening.delete(segment);
    });
    this.#opening.set(segment, opening);
  }

  /** Nothing behind what could not be told: a segment may end because another was to go on to its end. */
  #tell(work: (held: HeldSegments) => Promise<void>): Promise<void> {
    const { segments, onSegmentFault } = this.#options;
    return this.#later(async () => {
      if (this.#hasFailed) return;
      try {
        await work(segments);
      } catch (error) {
        // Before the next one begins, which the queue does before it hands this on.
        this.#hasFailed = true;
        throw error;
      }
    }, onSegmentFault);
  }

  async #later(work: () => Promise<void>, onFault: (fault: Fault) => void): Promise<void> {
    try {
      await this.#queue.add(work);
    } catch (error) {
      onFault(this.#options.faultOf(error));
    }
  }

  async #orFault<Answer>(answer: Promise<Answer>): Promise<Answer | { readonly fault: Fault }> {
    try {
      return await answer;
    } catch (error) {
      return { fault: this.#options.faultOf(error) };
    }
  }
}
