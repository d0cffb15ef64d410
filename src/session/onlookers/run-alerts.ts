/**
 * The alerts of a process, from the start of its command to the last attempt to send one. Loaded
 * only where a webhook is set.
 *
 * What is decided and formatted is src/observe/alerts; each run has a watch of its own (alert-watch.ts).
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { AlertConfig } from '../../config/alert-settings.js';
import { proxiesFor } from '../../config/proxy-settings.js';
import type { RunOutcome } from '../../core/scheduler-types.js';
import type { AlertChange } from '../../observe/alerts/alert.js';
import { formatAlert } from '../../observe/alerts/alert-format.js';
import { AlertSender } from '../../observe/alerts/alert-sender.js';
import { endOfError, endOfOutcome } from '../../observe/alerts/alert-words.js';
import {
  type AlertOrigin,
  type AlertWords,
  makeAlert,
  NO_FIGURES,
} from '../../observe/alerts/make-alert.js';
import { Webhook } from '../../observe/alerts/webhook.js';
import { nowMs } from '../../runtime/clock.js';
import type { RunObserver } from '../../runtime/run-observer.js';
import type { SessionContext } from '../context.js';
import { USER_AGENT } from '../version.js';
import { type AlertedRun, alertOriginOf, figuresOf } from './alert-facts.js';
import { AlertWatch } from './alert-watch.js';

export class RunAlerts {
  readonly #context: SessionContext;
  readonly #settings: AlertConfig;
  readonly #from: AlertOrigin;
  readonly #webhook: Webhook;
  readonly #sender: AlertSender;
  /** Of the runs of the process, by their numbers. */
  readonly #watches = new Map<number, AlertWatch>();
  #hasComplained = false;

  constructor(context: SessionContext, settings: AlertConfig) {
    this.#context = context;
    this.#settings = settings;
    this.#from = alertOriginOf(context);
    this.#webhook = new Webhook(settings.url, {
      userAgent: USER_AGENT,
      proxies: proxiesFor(settings.url, context.config.proxies),
    });
    this.#sender = this.#openSender();
    const { format } = settings;
    const message = `alerts go to ${this.#webhook.shownAs}`;
    context.log.info({ event: 'alerts_enabled', format }, message);
  }

  /** A run of this process begins. @returns who is to be told what happens in it */
  attach(run: AlertedRun): RunObserver {
    const watch = this.#watch(run);
    this.#watches.set(run.run, watch);
    return watch;
  }

  /** The process is done with a run. */
  ended(run: number, outcome: RunOutcome): void {
    this.#watches.get(run)?.end(endOfOutcome(outcome));
  }

  /** An error ends the command; where an outcome was told of, it adds nothing. */
  failed(error: unknown): void {
    if (this.#watches.size === 0) return this.refused(error);
    for (const watch of this.#watches.values()) watch.end(endOfError(error));
  }

  /** An error keeps a stream from having a run. */
  refused(error: unknown): void {
    this.#watch(null).end(endOfError(error));
  }

  /**
   * What is not sent yet keeps the process alive for a bounded while: nobody needs to wait for the
   * promise, so that what a person is told of the end comes first.
   */
  async finish(): Promise<void> {
    for (const watch of this.#watches.values()) watch.stop();
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

  #watch(run: AlertedRun | null): AlertWatch {
    const settings = this.#settings;
    return new AlertWatch({
      ...{ settings, run },
      tell: (changes, words) => this.#tell(run, changes, words),
    });
  }

  /** @param words null: the run goes on */
  #tell(run: AlertedRun | null, changes: readonly AlertChange[], words: AlertWords | null): void {
    try {
      for (const change of changes) this.#send(run, change, words);
    } catch (error) {
      this.complain(error);
    }
  }

  #send(of: AlertedRun | null, change: AlertChange, words: AlertWords | null): void {
    const atMs = nowMs();
    const figures = of === null ? NO_FIGURES : figuresOf(of, atMs);
    const alert = makeAlert(change, { from: this.#from, figures, words, atMs });
    const { kind, action, run } = alert;
    const name = `alert ${action} ${kind}, ${run === null ? 'before a run' : `run ${run}`}`;
    for (const body of formatAlert(alert, this.#settings)) {
      this.#sender.send(name, body, kind !== 'stalled');
    }
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
