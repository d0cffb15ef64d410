/**
 * The alerts of a process, from the start of its command to the last attempt to send one. Loaded
 * only where a webhook is set.
 *
 * What is decided and formatted is src/observe/alerts; each run has a watch of its own (alert-watch.ts).
 */
import type { RunOutcome } from '../../core/scheduler-types.js';
import type { AlertChange } from '../../observe/alerts/alert.js';
import { endOfError, endOfOutcome } from '../../observe/alerts/alert-words.js';
import {
  type AlertOrigin,
  type AlertWords,
  makeAlert,
  NO_FIGURES,
} from '../../observe/alerts/make-alert.js';
import type { RowFall } from '../../observe/alerts/row-fall.js';
import type { ScheduledEnds } from '../../observe/alerts/scheduled-ends.js';
import { nowMs } from '../../runtime/clock.js';
import type { RunObserver } from '../../runtime/run-observer.js';
import type { SessionContext } from '../context.js';
import type { AlertChannel } from './alert-channel.js';
import { type AlertedRun, alertOriginOf, figuresOf } from './alert-facts.js';
import { AlertWatch } from './alert-watch.js';

interface AlertedStream {
  readonly stream: string;
  /** Null: it has none yet. */
  readonly run: AlertedRun | null;
}

export class RunAlerts {
  readonly #channel: AlertChannel;
  /** Null: this process does one run. */
  readonly #ends: ScheduledEnds | null;
  readonly #from: AlertOrigin;
  /** Of the runs of the process, by their numbers. */
  readonly #watches = new Map<number, AlertWatch>();

  constructor(context: SessionContext, channel: AlertChannel) {
    this.#channel = channel;
    this.#ends = context.lasting?.ends ?? null;
    this.#from = alertOriginOf(context);
  }

  /** A run of this process begins. @returns who is to be told what happens in it */
  attach(run: AlertedRun): RunObserver {
    const watch = this.#watch(run);
    this.#watches.set(run.run, watch);
    return watch;
  }

  /** @param warning in which way, as the run's warning says it */
  recordsChanged(run: number, warning: string, outcome: RunOutcome): void {
    this.#watches.get(run)?.recordsChanged(warning, outcome);
  }

  /** The process is done with a run. */
  ended(run: number, outcome: RunOutcome): void {
    this.#watches.get(run)?.end(endOfOutcome(outcome));
  }

  /** An error ends the command; where an outcome was told of, it adds nothing. */
  failed(error: unknown): void {
    if (this.#watches.size === 0) return this.refused(this.#from.stream, error);
    for (const watch of this.#watches.values()) watch.end(endOfError(error));
  }

  /** An error keeps a stream from having a run. */
  refused(stream: string, error: unknown): void {
    this.#watch(null, stream).end(endOfError(error));
  }

  /** A run is complete. @param fall null: it has returned about as much as the runs before it */
  compared(run: number, fall: RowFall | null): void {
    this.#watches.get(run)?.compared(fall);
  }

  /** Nothing more is told. */
  stop(): void {
    for (const watch of this.#watches.values()) watch.stop();
  }

  complain(error: unknown): void {
    this.#channel.complain(error);
  }

  #watch(run: AlertedRun | null, stream = run?.stream ?? this.#from.stream): AlertWatch {
    return new AlertWatch({
      ...{ settings: this.#channel.settings, run },
      tell: (changes, words) => this.#tell({ run, stream }, changes, words),
    });
  }

  /** @param words null: the run goes on */
  #tell(of: AlertedStream, changes: readonly AlertChange[], words: AlertWords | null): void {
    try {
      for (const change of changes) this.#send(of, change, words);
    } catch (error) {
      this.complain(error);
    }
  }

  #send({ run, stream }: AlertedStream, change: AlertChange, words: AlertWords | null): void {
    const atMs = nowMs();
    const figures = run === null ? NO_FIGURES : figuresOf(run, atMs);
    const from = { ...this.#from, stream };
    const alert = makeAlert(change, { from, figures, words, atMs });
    if (this.#ends?.isNews(stream, alert) === false) return;
    this.#channel.send(alert);
  }
}
