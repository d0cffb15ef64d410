/**
 * The alerts of a process, from the start of its command to the last attempt to send one. Loaded
 * only where a webhook is set.
 *
 * What is decided and formatted is src/observe/alerts; this gives it the clock and the run.
 */
import type { Fault } from '../../core/fault.js';
import type { RunOutcome, SchedulerCommand } from '../../core/scheduler-types.js';
import type { AlertChange } from '../../observe/alerts/alert.js';
import { AlertDecision } from '../../observe/alerts/alert-decision.js';
import {
  endOfError,
  endOfOutcome,
  type RunEnd,
  rowFallWords,
  schemaWords,
  stallWords,
} from '../../observe/alerts/alert-words.js';
import {
  type AlertOrigin,
  type AlertWords,
  makeAlert,
  NO_FIGURES,
} from '../../observe/alerts/make-alert.js';
import type { RowFall } from '../../observe/alerts/row-fall.js';
import type { ScheduledEnds } from '../../observe/alerts/scheduled-ends.js';
import type { WriteResult } from '../../protocol/writer-messages.js';
import { nowMs } from '../../runtime/clock.js';
import type { RunObserver } from '../../runtime/run-observer.js';
import type { SessionContext } from '../context.js';
import type { AlertChannel } from './alert-channel.js';
import { type AlertedRun, alertOriginOf, figuresOf } from './alert-facts.js';

const TICK_MAX_MS = 1_000;

export class RunAlerts implements RunObserver {
  readonly #channel: AlertChannel;
  /** Null: this process does one run. */
  readonly #ends: ScheduledEnds | null;
  readonly #from: AlertOrigin;
  #decision: AlertDecision;
  #run: AlertedRun | null = null;
  #timer: NodeJS.Timeout | undefined;
  /** The last since a page was committed. */
  #fault: Fault | null = null;

  constructor(context: SessionContext, channel: AlertChannel) {
    this.#channel = channel;
    this.#ends = context.lasting?.ends ?? null;
    this.#from = alertOriginOf(context);
    this.#decision = new AlertDecision(channel.settings);
  }

  /** The run of this process begins. @returns who is to be told what happens in it */
  attach(run: AlertedRun): RunObserver {
    this.#run = run;
    const { stallMs } = this.#channel.settings;
    this.#decision = new AlertDecision({ stallMs, leftOpen: this.#leftOpen(run) });
    const tickMs = Math.min(TICK_MAX_MS, stallMs / 10);
    this.#timer = setInterval(() => this.#tick(run), tickMs).unref();
    return this;
  }

  /** @param warning in which way, as the run's warning says it */
  recordsChanged(warning: string, { status }: RunOutcome): void {
    this.#tell(this.#decision.recordsChanged(), schemaWords(warning, status));
  }

  /** The process is done with the run. */
  ended(outcome: RunOutcome): void {
    this.#end(endOfOutcome(outcome));
  }

  /** An error ends the command; where an outcome was told of, it adds nothing. */
  failed(error: unknown): void {
    this.#end(endOfError(error));
  }

  /** The run is complete. @param fall null: it has returned about as much as the runs before it */
  compared(fall: RowFall | null): void {
    if (fall !== null) {
      return this.#tell(
        [{ action: 'trigger', kind: 'row_fall', isOfStart: false }],
        rowFallWords(fall),
      );
    }
    // Whoever keeps incidents open may have one of an earlier run; it ignores a resolve of none.
    if (this.#channel.settings.format !== 'pagerduty') return;
    this.#tell([{ action: 'resolve', kind: 'row_fall', isOfStart: false }], null);
  }

  /** Nothing more is told. */
  stop(): void {
    clearInterval(this.#timer);
  }

  complain(error: unknown): void {
    this.#channel.complain(error);
  }

  // --- what the loop tells ---------------------------------------------------------------------

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
    this.#tell(this.#decision.committed(), null);
  }

  fetchStarted(): void {}
  headSeen(): void {}
  scanned(): void {}
  writeFailed(): void {}
  noticed(): void {}

  // ---------------------------------------------------------------------------------------------

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
    const { stallMs } = this.#channel.settings;
    this.#tell(changes, stallWords({ stallMs, waits, writing, fault: this.#fault }));
  }

  #end({ status, isElsewhere, ...words }: RunEnd): void {
    clearInterval(this.#timer);
    const isOfStart = this.#run === null;
    this.#tell(this.#decision.ended(status, { isElsewhere, isOfStart }), words);
  }

  /** @param words null: the run goes on */
  #tell(changes: readonly AlertChange[], words: AlertWords | null): void {
    if (changes.length === 0) return;
    try {
      for (const change of changes) this.#send(change, words);
    } catch (error) {
      this.complain(error);
    }
  }

  #send(change: AlertChange, words: AlertWords | null): void {
    const atMs = nowMs();
    const figures = this.#run === null ? NO_FIGURES : figuresOf(this.#run, atMs);
    const alert = makeAlert(change, { from: this.#from, figures, words, atMs });
    if (this.#ends?.isNews(this.#from.stream, alert) === false) return;
    this.#channel.send(alert);
  }

  /** PagerDuty alone keeps an incident open over processes; it ignores a resolve of none. */
  #leftOpen({ isResumed }: AlertedRun): Pick<AlertChange, 'kind' | 'isOfStart'>[] {
    if (this.#channel.settings.format !== 'pagerduty') return [];
    const ofStart = { kind: 'failed', isOfStart: true } as const;
    const kinds = ['failed', 'paused', 'stalled'] as const;
    const ofRun = isResumed ? kinds.map((kind) => ({ kind, isOfStart: false })) : [];
    return [ofStart, ...ofRun];
  }
}
