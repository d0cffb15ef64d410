/** What one run, or a start that came to none, gives cause to tell. */
import type { AlertConfig } from '../../config/alert-settings.js';
import type { Fault } from '../../core/fault.js';
import type { RunOutcome, SchedulerCommand } from '../../core/scheduler-types.js';
import type { AlertChange } from '../../observe/alerts/alert.js';
import { AlertDecision } from '../../observe/alerts/alert-decision.js';
import {
  type RunEnd,
  rowFallWords,
  schemaWords,
  stallWords,
} from '../../observe/alerts/alert-words.js';
import type { AlertWords } from '../../observe/alerts/make-alert.js';
import type { RowFall } from '../../observe/alerts/row-fall.js';
import type { WriteResult } from '../../protocol/writer-messages.js';
import { nowMs } from '../../runtime/clock.js';
import type { RunObserver } from '../../runtime/run-observer.js';
import type { AlertedRun } from './alert-facts.js';

const TICK_MAX_MS = 1_000;

export interface AlertWatchParts {
  readonly settings: AlertConfig;
  /** Null: there is none yet. */
  readonly run: AlertedRun | null;
  /** @param words null: the run goes on */
  readonly tell: (changes: readonly AlertChange[], words: AlertWords | null) => void;
}

export class AlertWatch implements RunObserver {
  readonly #parts: AlertWatchParts;
  readonly #decision: AlertDecision;
  readonly #timer: NodeJS.Timeout | undefined;
  /** The last since a page was committed. */
  #fault: Fault | null = null;

  constructor(parts: AlertWatchParts) {
    this.#parts = parts;
    const { run, settings } = parts;
    const { stallMs } = settings;
    if (run === null) {
      this.#decision = new AlertDecision(settings);
      return;
    }
    this.#decision = new AlertDecision({ stallMs, leftOpen: leftOpen(settings, run) });
    const tickMs = Math.min(TICK_MAX_MS, stallMs / 10);
    this.#timer = setInterval(() => this.#tick(run), tickMs).unref();
  }

  /** The process is done with it; where that was told before, it adds nothing. */
  end({ status, isElsewhere, ...words }: RunEnd): void {
    this.stop();
    const isOfStart = this.#parts.run === null;
    this.#parts.tell(this.#decision.ended(status, { isElsewhere, isOfStart }), words);
  }

  /** @param warning in which way, as the run's warning says it */
  recordsChanged(warning: string, { status }: RunOutcome): void {
    this.#parts.tell(this.#decision.recordsChanged(), schemaWords(warning, status));
  }

  /** The run is complete. @param fall null: it has returned about as much as the runs before it */
  compared(fall: RowFall | null): void {
    const { settings, tell } = this.#parts;
    if (fall !== null) {
      const change = { action: 'trigger', kind: 'row_fall', isOfStart: false } as const;
      return tell([change], rowFallWords(fall));
    }
    // Whoever keeps incidents open may have one of an earlier run; it ignores a resolve of none.
    if (settings.format !== 'pagerduty') return;
    tell([{ action: 'resolve', kind: 'row_fall', isOfStart: false }], null);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  fetchFailed(_: Extract<SchedulerCommand, { type: 'fetch' }>, fault: Fault): void {
    this.#fault = fault;
  }

  committed(
    _: Extract<SchedulerCommand, { type: 'write' }>,
    { counts }: Extract<WriteResult, { type: 'committed' }>,
  ): void {
    this.#fault = null;
    // Pages without a record bring a run no nearer to its end.
    if (counts.returned === 0) return;
    this.#parts.tell(this.#decision.committed(), null);
  }

  fetchStarted(): void {}
  headSeen(): void {}
  scanned(): void {}
  writeFailed(): void {}
  noticed(): void {}

  #tick({ scheduler, limiter }: AlertedRun): void {
    const atMs = nowMs();
    const waits = scheduler.waits.reason;
    const { inFlight, scanning, held, writing } = scheduler.outstandingByPhase();
    const isLimited =
      inFlight + scanning + held + writing === 0 &&
      (waits === 'permit' || waits === null) &&
      limiter.tokensAt(atMs) < 1;
    const changes = this.#decision.tick(atMs, isLimited);
    if (changes.length === 0) return;
    const { stallMs } = this.#parts.settings;
    this.#parts.tell(changes, stallWords({ stallMs, waits, writing, fault: this.#fault }));
  }
}

/** PagerDuty alone keeps an incident open over processes; it ignores a resolve of none. */
function leftOpen(
  { format }: AlertConfig,
  { isResumed }: AlertedRun,
): Pick<AlertChange, 'kind' | 'isOfStart'>[] {
  if (format !== 'pagerduty') return [];
  const ofStart = { kind: 'failed', isOfStart: true } as const;
  const kinds = ['failed', 'paused', 'stalled'] as const;
  const ofRun = isResumed ? kinds.map((kind) => ({ kind, isOfStart: false })) : [];
  return [ofStart, ...ofRun];
}
