/** Where alerts go: puts them into the receiver's format, and sends them one after another. */
import { setTimeout as delay } from 'node:timers/promises';
import type { AlertConfig } from '../../config/alert-settings.js';
import { proxiesFor } from '../../config/proxy-settings.js';
import type { Alert } from '../../observe/alerts/alert.js';
import { formatAlert } from '../../observe/alerts/alert-format.js';
import { AlertSender } from '../../observe/alerts/alert-sender.js';
import { Webhook } from '../../observe/alerts/webhook.js';
import { nowMs } from '../../runtime/clock.js';
import type { SessionContext } from '../context.js';
import { USER_AGENT } from '../version.js';

export class AlertChannel {
  readonly settings: AlertConfig;
  readonly #context: SessionContext;
  readonly #webhook: Webhook;
  readonly #sender: AlertSender;
  #hasComplained = false;

  constructor(context: SessionContext, settings: AlertConfig) {
    this.#context = context;
    this.settings = settings;
    this.#webhook = new Webhook(settings.url, {
      userAgent: USER_AGENT,
      proxies: proxiesFor(settings.url, context.config.proxies),
    });
    this.#sender = this.#openSender();
    const { format } = settings;
    const message = `alerts go to ${this.#webhook.shownAs}`;
    context.log.info({ event: 'alerts_enabled', format }, message);
  }

  send(alert: Alert): void {
    const { kind, action, run } = alert;
    const of = kind === 'late' ? 'of the schedule' : run === null ? 'before a run' : `run ${run}`;
    const name = `alert ${action} ${kind}, ${of}`;
    for (const body of formatAlert(alert, this.settings)) {
      this.#sender.send(name, body, kind !== 'stalled');
    }
  }

  /** A bug of the alerts: told once, and no reason to end a run. */
  complain(error: unknown): void {
    if (this.#hasComplained) return;
    this.#hasComplained = true;
    const reason = error instanceof Error ? error.stack : String(error);
    this.#context.log.error({ event: 'alerts_failed' }, `the alerts failed: ${reason}`);
  }

  /**
   * What is not sent yet keeps the process alive for a bounded while: nobody needs to wait for the
   * promise, so that what a person is told of the end comes first.
   */
  async finish(): Promise<void> {
    await this.#sender.finish();
    await this.#webhook.close();
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
