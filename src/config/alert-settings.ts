/** Settings of alerts: where they go, in which format, and when a run counts as stalled. */
import * as z from 'zod/mini';
import { httpUrl, number, oneOf } from './setting-kinds.js';

/** PagerDuty's Events API v2. */
const PAGERDUTY_URL = 'https://events.pagerduty.com/v2/enqueue';

export const alertSettings = {
  ALERT_WEBHOOK_URL: z.optional(httpUrl),
  ALERT_FORMAT: z._default(oneOf('json', 'slack', 'pagerduty'), 'json'),
  PAGERDUTY_ROUTING_KEY: z.optional(z.string()),
  ALERT_STALL_MINUTES: z._default(number(0.01, 10_080), 10),
};

/** Where alerts go. The address and the routing key are secrets. */
export interface AlertConfig {
  readonly url: string;
  readonly format: 'json' | 'slack' | 'pagerduty';
  /** Set with `pagerduty`. */
  readonly routingKey: string | null;
  /** A run without a committed page for so long is stalled. */
  readonly stallMs: number;
}

interface AlertValues {
  readonly ALERT_WEBHOOK_URL?: string | undefined;
  readonly ALERT_FORMAT: AlertConfig['format'];
  readonly PAGERDUTY_ROUTING_KEY?: string | undefined;
  readonly ALERT_STALL_MINUTES: number;
}

/** @returns null where no alerts are asked for */
export function alertConfig(values: AlertValues): AlertConfig | null {
  const format = values.ALERT_FORMAT;
  const url = values.ALERT_WEBHOOK_URL ?? (format === 'pagerduty' ? PAGERDUTY_URL : null);
  if (url === null) return null;
  const stallMs = values.ALERT_STALL_MINUTES * 60_000;
  return { url, format, routingKey: values.PAGERDUTY_ROUTING_KEY ?? null, stallMs };
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
