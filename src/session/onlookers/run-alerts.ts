/**
 * The alerts of a process, from the start of its command to the last attempt to send one. Loaded
 * only where a webhook is set.
 *
 * What is decided and formatted is src/observe/alerts; this gives it the clock and the run.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { AlertConfig } from '../../config/alert-settings.js';
import { proxiesFor } from '../../config/proxy-settings.js';
import type { Fault } from '../../core/fault.js';
import type { RunOutcome, SchedulerCommand } from '../../core/scheduler-types.js';
import type { AlertChange } from '../../observe/alerts/alert.js';
import { AlertDecision } from '../../observe/alerts/alert-decision.js';
import { formatAlert } from '../../observe/alerts/alert-format.js';
import { AlertSender } from '../../observe/alerts/alert-sender.js';
import {
  endOfError,
  endOfOutcome,
  type RunEnd,
  schemaWords,
  stallWords,
} from '../../observe/alerts/alert-words.js';
import {
  type AlertOrigin,
  type AlertWords,
  makeAlert,
  NO_FIGURES,
} from '../../observe/alerts/make-alert.js';
import { Webhook } from '../../observe/alerts/webhook.js';
import type { WriteResult } from '../../protocol/writer-messages.js';
import { nowMs } from '../../runtime/clock.js';
import type { RunObserver } from '../../runtime/run-observer.js';
import type { SessionContext } from '../context.js';
import { USER_AGENT } from '../version.js';
import { type AlertedRun, alertOriginOf, figuresOf } from './alert-facts.js';

const TICK_MAX_MS = 1_000;

export class RunAlerts implements RunObserver {
  readonly #context: SessionContext;
  readonly #settings: AlertConfig;
  readonly #from: AlertOrigin;
  readonly #webhook: Webhook;
  readonly #sender: AlertSender;
  #decision: AlertDecision;
  #run: AlertedRun | null = null;
  #timer: NodeJS.Timeout | undefined;
  /** The last since a page was committed. */
  #fault: Fault | null = null;
  #hasComplained = false;

  constructor(context: SessionContext, settings: AlertConfig) {
    this.#context = context;
    this.#settings = settings;
    this.#from = alertOriginOf(context);
    this.#decision = new AlertDecision(settings);
    this.#webhook = new Webhook(settings.url, {
      userAgent: USER_AGENT,
      proxies: proxiesFor(settings.url, context.config.proxies),
    });
    this.#sender = this.#openSender();
    const { format } = settings;
    const message = `alerts go to ${this.#webhook.shownAs}`;
    context.log.info({ event: 'alerts_enabled', format }, message);
  }

  /** The run of this process begins. @returns who is to be told what happens in it */
  attach(run: AlertedRun): RunObserver {
    this.#run = run;
    const { stallMs } = this.#settings;
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

  /**
   * What is not sent yet keeps the process alive for a bounded while: nobody needs to wait for the
   * promise, so that what a person is told of the end comes first.
   */
  async finish(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sender.finish();
    await this.#webhook.close();
  }

  /** A bug of the alerts: told once, and no reason to end a run. */
  complain(error: unknown): void {
    if (this.#hasComplained) return;
    this.#hasComplained = true;
    const reason = error instanceof Error ? error.stack : String(error);
    this.#context.log.error({ event: 'alerts_failed' }, `the alerts failed: ${reason}`);
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
    const { stallMs } = this.#settings;
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
    const { kind, action, run } = alert;
    const name = `alert ${action} ${kind}, ${run === null ? 'before a run' : `run ${run}`}`;
    for (const body of formatAlert(alert, this.#settings)) {
      this.#sender.send(name, body, kind !== 'stalled');
    }
  }

  /** PagerDuty alone keeps an incident open over processes; it ignores a resolve of none. */
  #leftOpen({ isResumed }: AlertedRun): Pick<AlertChange, 'kind' | 'isOfStart'>[] {
    if (this.#settings.format !== 'pagerduty') return [];
    const ofStart = { kind: 'failed', isOfStart: true } as const;
    const kinds = ['failed', 'paused', 'stalled'] as const;
    const ofRun = isResumed ? kinds.map((kind) => ({ kind, isOfStart: false })) : [];
    return [ofStart, ...ofRun];
  }

  #openSender(): AlertSender {
    const { log } = this.#context;
    const to = this.#webhook.shownAs;
    return new AlertSender({
      post: (body, stop) => this.#webhook.post(body, nowMs, stop),
      nowMs,
      delay: (ms, signal) => delay(ms, undefined, { signal }).catch(() => {}),
      random: Math.random,
      onTaken: (sent) => log.info({ event: 'alert_sent', ...sent }, `${sent.alert}: told ${to}`),
      onDelayed: (sent) =>
        log.warn({ event: 'alert_delayed', ...sent }, `${sent.alert}: ${to} says ${sent.reason}`),
      onLost: (sent) =>
        log.error(
          { event: 'alert_lost', ...sent },
          `${sent.alert}: not told, ${to}: ${sent.reason}`,
        ),
    });
  }
}
