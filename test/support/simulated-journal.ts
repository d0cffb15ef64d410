/** What a simulated member tells of its segments: what src/runtime/run-journal.ts does, with the same decisions. */
import type { Fault } from '../../src/core/fault.js';
import type { SchedulerCommand } from '../../src/core/scheduler-types.js';
import type { SegmentSeed } from '../../src/core/segment.js';
import type { Position } from '../../src/paging/position.js';
import { type Doing, DoingQueue } from './simulated-doing.js';
import type { SimulatedMachine } from './simulated-machine.js';

/** See `HeldSegments`. */
export interface ToldSegments {
  open(seed: Pick<SegmentSeed, 'segment' | 'after' | 'bound'>): Doing<void>;
  split(segment: number, at: Position, newSegment: number): Doing<void>;
  setBound(segment: number, bound: Position | null): Doing<void>;
  end(segments: readonly number[]): Doing<void>;
  supersede(segment: number): Doing<void>;
  give(segments: readonly number[]): Doing<void>;
}

/** A statement for each child would cost as much as its page. */
const END_EVERY_MS = 100;

export class SimulatedJournal {
  readonly #machine: SimulatedMachine;
  readonly #segments: ToldSegments;
  readonly #fail: (fault: Fault) => void;
  readonly #turns = new DoingQueue();
  /** Segments that are being opened, and who waits for that. */
  readonly #opening = new Map<number, (() => void)[]>();
  #ended: number[] = [];
  #hasFailed = false;

  constructor(machine: SimulatedMachine, segments: ToldSegments, fail: (fault: Fault) => void) {
    this.#machine = machine;
    this.#segments = segments;
    this.#fail = fail;
  }

  tell(command: SchedulerCommand): void {
    switch (command.type) {
      case 'openSegment': {
        const { segment, after, bound } = command.seed;
        return this.#opens(segment, () => this.#segments.open({ segment, after, bound }));
      }
      case 'splitSegment': {
        const { segment, at, newSegment } = command;
        return this.#opens(newSegment, () => this.#segments.split(segment, at, newSegment));
      }
      case 'boundSegment': {
        const { segment, bound } = command;
        return this.#later(() => this.#segments.setBound(segment, bound));
      }
      case 'giveSegments':
        return this.#later(() => this.#segments.give(command.segments));
      case 'endSegment':
        return command.isSuperseded
          ? this.#later(() => this.#segments.supersede(command.segment))
          : this.#tellEnded(command.segment);
      default:
        return;
    }
  }

  /** Goes on once the segment is there, or cannot be. */
  whenOpen(segment: number, run: () => void): void {
    const waiting = this.#opening.get(segment);
    if (waiting === undefined) run();
    else waiting.push(run);
  }

  /** Behind what was told before. */
  inTurn<T>(doing: () => Doing<T>): Doing<T> {
    return this.#turns.inTurn(doing);
  }

  /** Once all that was told is in the ledger. */
  *flush(): Doing<void> {
    this.#flushEnded();
    yield* this.onIdle();
  }

  onIdle(): Doing<void> {
    return this.#turns.onIdle();
  }

  #tellEnded(segment: number): void {
    this.#ended.push(segment);
    if (this.#ended.length > 1) return;
    this.#machine.at(this.#machine.nowMs + END_EVERY_MS, () => this.#flushEnded());
  }

  #flushEnded(): void {
    const ended = this.#ended.splice(0);
    if (ended.length > 0) this.#later(() => this.#segments.end(ended));
  }

  #opens(segment: number, doing: () => Doing<void>): void {
    this.#opening.set(segment, []);
    this.#later(doing, () => {
      const waiting = this.#opening.get(segment) ?? [];
      this.#opening.delete(segment);
      for (const run of waiting) run();
    });
  }

  /** Nothing behind what could not be told. @param told or could not be */
  #later(doing: () => Doing<void>, told: () => void = () => {}): void {
    const unlessFailed = (): Doing<void> => (this.#hasFailed ? nothing() : doing());
    this.#turns.add(unlessFailed, told, (fault) => {
      this.#hasFailed = true;
      this.#fail(fault);
      told();
    });
  }
}

function* nothing(): Doing<void> {}
