/**
 * Run journal: what the loop tells the database beside the pages, in order and without waiting for
 * it. Segments are told for the reader (a resume needs only the pages); limits and children are waited for.
 */
import PQueue from 'p-queue';
import type { Fault } from '../core/fault.js';
import type { SegmentSeed } from '../core/segment.js';
import type { StartAnswer, StartRequest } from '../core/start-reservation.js';
import type { Position } from '../paging/position.js';

/** What a run learns of its source as it goes; null: not yet. */
export interface SourceFacts {
  readonly total: number | null;
  readonly firstRequestAtMs: number | null;
}

/** What the journal needs of the database; rejections are the driver's errors. */
export interface JournalStore {
  openSegments(
    run: number,
    segments: readonly {
      segment: number;
      after: Position | null;
      bound: Position | null;
    }[],
  ): Promise<void>;
  splitSegment(run: number, segment: number, newBound: Position, newSegment: number): Promise<void>;
  setSegmentBound(run: number, segment: number, bound: Position | null): Promise<void>;
  endSegment(run: number, segment: number, status: 'ended' | 'superseded'): Promise<void>;
  setSourceFacts(run: number, facts: SourceFacts): Promise<void>;
  setLastError(run: number, lastError: string | null): Promise<void>;
}

/** Children that are still to be walked. */
export interface SeedBlock {
  readonly seeds: readonly SegmentSeed[];
  /** The last segment that was looked at; null: there are no more. */
  readonly behind: number | null;
}

export interface RunJournalOptions {
  readonly run: number;
  readonly store: JournalStore;
  readonly reserveStarts: (request: StartRequest) => Promise<StartAnswer>;
  /** The children in the segments behind one. */
  readonly readSeeds: (behind: number) => Promise<SeedBlock>;
  readonly faultOf: (error: unknown) => Fault;
  /** Segment rows are for the reader: a failure is told, and ends nothing. */
  readonly onSegmentFault: (fault: Fault) => void;
}

export class RunJournal {
  readonly #options: RunJournalOptions;
  /** One at a time: a segment is opened before it is ended. */
  readonly #queue = new PQueue({ concurrency: 1 });

  constructor(options: RunJournalOptions) {
    this.#options = options;
  }

  segmentOpened(seed: SegmentSeed): void {
    const { segment, after, bound } = seed;
    this.#later((run, store) => store.openSegments(run, [{ segment, after, bound }]));
  }

  segmentSplit(segment: number, at: Position, newSegment: number): void {
    this.#later((run, store) => store.splitSegment(run, segment, at, newSegment));
  }

  segmentBounded(segment: number, bound: Position | null): void {
    this.#later((run, store) => store.setSegmentBound(run, segment, bound));
  }

  segmentEnded(segment: number, isSuperseded: boolean): void {
    const status = isSuperseded ? 'superseded' : 'ended';
    this.#later((run, store) => store.endSegment(run, segment, status));
  }

  /** Told when something of it is new: those who look on make a share and a time left of it. */
  sourceSeen(facts: SourceFacts): void {
    this.#later((run, store) => store.setSourceFacts(run, facts));
  }

  /** Told now and then. @param text holds no secret; null: all is well again */
  lastErrorSeen(text: string | null): void {
    this.#later((run, store) => store.setLastError(run, text));
  }

  startsReserved(request: StartRequest): Promise<StartAnswer | { readonly fault: Fault }> {
    return this.#orFault(this.#options.reserveStarts(request));
  }

  seedsRead(behind: number): Promise<SeedBlock | { readonly fault: Fault }> {
    return this.#orFault(this.#options.readSeeds(behind));
  }

  /** Resolves when all that was told is in the database. */
  async flush(): Promise<void> {
    await this.#queue.onIdle();
  }

  async #orFault<Answer>(answer: Promise<Answer>): Promise<Answer | { readonly fault: Fault }> {
    try {
      return await answer;
    } catch (error) {
      return { fault: this.#options.faultOf(error) };
    }
  }

  #later(work: (run: number, store: JournalStore) => Promise<void>): void {
    const { run, store, onSegmentFault, faultOf } = this.#options;
    this.#queue
      .add(() => work(run, store))
      .catch((error: unknown) => onSegmentFault(faultOf(error)));
  }
}
