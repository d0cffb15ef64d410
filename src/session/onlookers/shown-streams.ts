/** The streams of a process as the HTTP server shows them: one with all its figures, each of several as a line. */
import type { Fault } from '../../core/fault.js';
import type { Scheduler } from '../../core/scheduler.js';
import type { RunOutcome } from '../../core/scheduler-types.js';
import type { RunState } from '../../observe/engine-metrics.js';
import type { RunFigures } from '../../observe/run-figures.js';
import type { RunView } from '../../observe/run-view.js';
import { lineOf, lineWithoutRun, type StreamLine } from '../../observe/stream-line.js';
import { type Trouble, TroubleWatch } from '../../observe/trouble-watch.js';

/** Their histories are told apart by versions that no two of them have. */
const VERSIONS = 1_000_000;

export interface ShownStream {
  readonly stream: string;
  readonly run: number;
  readonly view: RunView;
  readonly scheduler: Scheduler;
  readonly figures: RunFigures;
  readonly trouble: TroubleWatch;
  /** Null: the workers can do their work, else why not. */
  readonly workers: () => string | null;
}

export class ShownStreams {
  readonly #names: readonly string[];
  readonly #nowMs: () => number;
  readonly #shown = new Map<string, ShownStream>();
  readonly #withoutRun = new Map<string, StreamLine>();
  /** Before there is a run. */
  #startTrouble: TroubleWatch;

  constructor(names: readonly string[], nowMs: () => number) {
    this.#names = names;
    this.#nowMs = nowMs;
    this.#startTrouble = new TroubleWatch(nowMs);
  }

  add(shown: ShownStream): void {
    this.#shown.set(shown.stream, shown);
    // What was waited for at the start is there.
    this.#startTrouble.databaseIsBack();
  }

  /** The first that is under way, else the first; null: none has begun. */
  get chosen(): ShownStream | null {
    const all = this.#all;
    return all.find(({ view }) => !view.isOver) ?? all[0] ?? null;
  }

  /** @returns the stream whose run it is; null: none that is shown */
  end(run: number, outcome: RunOutcome, atMs: number): string | null {
    const shown = this.#all.find((each) => each.run === run);
    shown?.view.end(outcome, atMs);
    return shown?.stream ?? null;
  }

  /** Other runs of the same streams are to come. */
  clear(): void {
    this.#shown.clear();
    this.#withoutRun.clear();
    this.#startTrouble = new TroubleWatch(this.#nowMs);
  }

  /** It comes to no run. */
  endWithoutRun(stream: string, state: 'failed' | 'not begun', reason: string): void {
    this.#withoutRun.set(stream, lineWithoutRun(stream, state, reason));
  }

  tick(): void {
    for (const { view } of this.#all) view.tick();
  }

  history(): ReturnType<RunView['history']> | null {
    const { chosen } = this;
    if (chosen === null) return null;
    const history = chosen.view.history();
    return { ...history, version: this.#versionOf(chosen, history.version) };
  }

  snapshot(): ReturnType<RunView['snapshot']> | null {
    const { chosen } = this;
    if (chosen === null) return null;
    const live = chosen.view.snapshot();
    return { ...live, historyVersion: this.#versionOf(chosen, live.historyVersion) };
  }

  /** None where there is one stream. */
  lines(): StreamLine[] {
    if (this.#names.length === 1) return [];
    return this.#names.map((stream) => {
      const shown = this.#shown.get(stream);
      const without = this.#withoutRun.get(stream) ?? lineWithoutRun(stream, 'waiting', null);
      if (shown === undefined) return without;
      const { run, view, figures } = shown;
      const { state, reason } = view;
      const isShown = shown === this.chosen;
      return lineOf({ stream, run, state, reason, isShown }, figures.at(this.#nowMs()));
    });
  }

  stateOf(stream: string): RunState {
    const without = this.#withoutRun.has(stream) ? 'failed' : 'starting';
    return this.#shown.get(stream)?.view.state ?? without;
  }

  // --- trouble ---------------------------------------------------------------------------------

  databaseIsBack(): void {
    for (const each of this.#watches) each.databaseIsBack();
  }

  /** @param waitMs until the next attempt; null: not known */
  databaseAwaited(fault: Fault, waitMs: number | null): void {
    for (const each of this.#watches) each.databaseAwaited(fault, waitMs);
  }

  /** That of the first stream that has any; null: no stream has. */
  trouble(): Trouble | null {
    const nowMs = this.#nowMs();
    const all = this.#all;
    if (all.length === 0) return this.#startTrouble.at(nowMs, null);
    for (const { view, scheduler, trouble } of all) {
      if (view.isOver) continue;
      const isUnderWay = scheduler.outstandingByPhase().inFlight > 0;
      const wakeAtMs = isUnderWay ? Number.POSITIVE_INFINITY : scheduler.wakeAtMs;
      const found = trouble.at(nowMs, Number.isFinite(wakeAtMs) ? wakeAtMs : null);
      if (found !== null) return found;
    }
    return null;
  }

  get #watches(): TroubleWatch[] {
    return [this.#startTrouble, ...this.#all.map(({ trouble }) => trouble)];
  }

  /** In the order of the streams. */
  get #all(): ShownStream[] {
    return this.#names.flatMap((name) => this.#shown.get(name) ?? []);
  }

  #versionOf({ stream }: ShownStream, version: number): number {
    return this.#names.indexOf(stream) * VERSIONS + version;
  }
}
