/** Settings of alerts: where they go, in which format, and when a run counts as stalled. */
import * as z from 'zod/mini';
import { duration, httpUrl, number, oneOf } from './setting-kinds.js';
import { setting } from './setting-text.js';

/** PagerDuty's Events API v2. */
const PAGERDUTY_URL = 'https://events.pagerduty.com/v2/enqueue';

export const alertSettings = {
  ALERT_WEBHOOK_URL: setting(z.optional(httpUrl), {
    unset: 'alerts are disabled',
    meaning: 'Where alerts are posted.',
  }),
  ALERT_FORMAT: setting(z._default(oneOf('json', 'slack', 'pagerduty'), 'json'), {
    meaning:
      '`json`: the format of this program. `slack`: an incoming webhook of Slack, or of a service that reads the same. `pagerduty`: Events API v2.',
  }),
  PAGERDUTY_ROUTING_KEY: setting(z.optional(z.string()), {
    meaning:
      'The routing key of the PagerDuty service. Needed with `pagerduty`, for which `ALERT_WEBHOOK_URL` is `https://events.pagerduty.com/v2/enqueue` by default.',
  }),
  ALERT_STALL_MINUTES: setting(z._default(number(0.01, 10_080), 10), {
    meaning:
      "A run that commits no record for this many minutes, though the API's limit permits requests, is stalled.",
  }),
  ALERT_LATE_AFTER: setting(z.optional(duration(1_000)), {
    unset: 'when the next run is due',
    meaning: 'On a schedule: a run that is not complete this long after it was due is late.',
  }),
  ALERT_ROW_FALL: setting(z._default(number(0, 1), 0.5), {
    meaning:
      'Send an alert for a complete run that received fewer records than the median of the five runs before it, by more than this share. 0: never.',
  }),
};

/** Where alerts go. The address and the routing key are secrets. */
export interface AlertConfig {
  readonly url: string;
  readonly format: 'json' | 'slack' | 'pagerduty';
  /** Set with `pagerduty`. */
  readonly routingKey: string | null;
  /** A run without a committed page for so long is stalled. */
  readonly stallMs: number;
  /** A run of a schedule that is not complete so long after it was due is late; null: when the next is due. */
  readonly lateAfterMs: number | null;
  /** A complete run that lacks more than this share of what the runs before it returned is told; 0: none. */
  readonly rowFallShare: number;
}

interface AlertValues {
  readonly ALERT_WEBHOOK_URL?: string | undefined;
  readonly ALERT_FORMAT: AlertConfig['format'];
  readonly PAGERDUTY_ROUTING_KEY?: string | undefined;
  readonly ALERT_STALL_MINUTES: number;
  readonly ALERT_LATE_AFTER?: number | undefined;
  readonly ALERT_ROW_FALL: number;
}

/** @returns null where no alerts are asked for */
export function alertConfig(values: AlertValues): AlertConfig | null {
  const format = values.ALERT_FORMAT;
  const url = values.ALERT_WEBHOOK_URL ?? (format === 'pagerduty' ? PAGERDUTY_URL : null);
  if (url === null) return null;
  return {
    url,
    format,
    routingKey: values.PAGERDUTY_ROUTING_KEY ?? null,
    stallMs: values.ALERT_STALL_MINUTES * 60_000,
    lateAfterMs: values.ALERT_LATE_AFTER ?? null,
    rowFallShare: values.ALERT_ROW_FALL,
  };
}

/** What no single setting can say. Settings that would quietly send nothing are faults too. */
export function alertFaults(
  values: Readonly<Record<string, string>>,
): { readonly setting: string; readonly message: string }[] {
  const format = values.ALERT_FORMAT ?? 'json';
  const hasKey = values.PAGERDUTY_ROUTING_KEY !== undefined;
  const faults = [];
  if (format === 'pagerduty' && !hasKey) {
    const message = 'is needed with ALERT_FORMAT=pagerduty';
    faults.push({ setting: 'PAGERDUTY_ROUTING_KEY', message });
  }
  if (format !== 'pagerduty' && hasKey) {
    const message = 'is pagerduty where PAGERDUTY_ROUTING_KEY is set';
    faults.push({ setting: 'ALERT_FORMAT', message });
  }
  if (format === 'slack' && values.ALERT_WEBHOOK_URL === undefined) {
    const message = 'is needed with ALERT_FORMAT=slack';
    faults.push({ setting: 'ALERT_WEBHOOK_URL', message });
  }
  return faults;
}
