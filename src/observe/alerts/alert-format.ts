/**
 * What a webhook is sent: the body of each request, in the format that its receiver reads. Pure;
 * docs/alerts.md shows one of each.
 */
import { formatCount, formatDuration } from '../eta.js';
import type { Alert, AlertKind } from './alert.js';
import { rowsOf, summaryOf, titleOf } from './alert-words.js';

export const ALERT_FORMATS = ['json', 'slack', 'pagerduty'] as const;

export type AlertFormat = (typeof ALERT_FORMATS)[number];

/** What each is to whoever is on call; PagerDuty's words. */
const SEVERITIES: Readonly<Record<AlertKind, string>> = {
  failed: 'critical',
  stalled: 'error',
  late: 'error',
  paused: 'warning',
  row_fall: 'warning',
  schema_changed: 'warning',
  finished: 'info',
};

/** PagerDuty's limit of a summary; Slack's of a title, a text (3,000) and a field (2,000). */
const SUMMARY_CHARS_MAX = 1_024;
const TITLE_CHARS_MAX = 150;
const TEXT_CHARS_MAX = 3_000;
const FIELD_CHARS_MAX = 1_900;

/**
 * @param routingKey of PagerDuty, whose events carry it by its protocol; null elsewhere
 * @returns the bodies to be sent one after another, as values for JSON
 */
export function formatAlert(
  alert: Alert,
  to: { readonly format: AlertFormat; readonly routingKey: string | null },
): readonly object[] {
  switch (to.format) {
    case 'json':
      return [jsonBody(alert)];
    case 'slack':
      return [slackBody(alert)];
    case 'pagerduty':
      return pagerDutyBodies(alert, to.routingKey);
  }
}

/** The schema of `json`: fields are added under the same version, never changed or removed. */
function jsonBody(alert: Alert): object {
  return {
    version: 1,
    kind: alert.kind,
    action: alert.action,
    severity: SEVERITIES[alert.kind],
    dedupKey: alert.dedupKey,
    at: iso(alert.atMs),
    summary: summaryOf(alert),
    ...detailsOf(alert),
  };
}

function detailsOf(alert: Alert): object {
  return {
    run: alert.run,
    source: alert.source,
    origin: alert.origin,
    state: alert.state,
    rows: alert.rows,
    total: alert.total,
    rowsPerSecond: alert.rowsPerSecond === null ? null : Math.round(alert.rowsPerSecond),
    etaSeconds: alert.remainingMs === null ? null : Math.round(alert.remainingMs / 1000),
    reason: alert.reason,
    resumeAt: alert.resumeAtMs === null ? null : iso(alert.resumeAtMs),
    next: alert.next,
  };
}

function slackBody(alert: Alert): object {
  const fields = [
    ['Rows', rowsOf(alert)],
    ['Rate', alert.rowsPerSecond === null ? null : `${formatCount(alert.rowsPerSecond)} rows/s`],
    ['Left', alert.remainingMs === null ? null : formatDuration(alert.remainingMs)],
    ['Worth another try', alert.resumeAtMs === null ? null : iso(alert.resumeAtMs)],
    ['State', alert.state],
    ['Source', `${alert.source}, ${alert.origin}`],
  ].flatMap(([name, value]) =>
    value == null ? [] : [mrkdwn(`*${name}*\n${slackText(value, FIELD_CHARS_MAX)}`)],
  );
  const section = (text: string) => ({
    type: 'section',
    text: mrkdwn(slackText(text, TEXT_CHARS_MAX)),
  });
  return {
    text: slackText(summaryOf(alert), TEXT_CHARS_MAX),
    blocks: [
      {
        type: 'header',
        text: { type: 'plain_text', text: cut(titleOf(alert), TITLE_CHARS_MAX) },
      },
      ...(alert.reason === null ? [] : [section(alert.reason)]),
      { type: 'section', fields },
      section(alert.next),
    ],
  };
}

function pagerDutyBodies(alert: Alert, routingKey: string | null): readonly object[] {
  const head = { routing_key: routingKey, dedup_key: alert.dedupKey };
  const resolve = { ...head, event_action: 'resolve' };
  if (alert.action === 'resolve') return [resolve];
  const trigger = {
    ...head,
    event_action: 'trigger',
    client: 'datasync',
    payload: {
      summary: cut(summaryOf(alert), SUMMARY_CHARS_MAX),
      source: alert.origin,
      severity: SEVERITIES[alert.kind],
      timestamp: iso(alert.atMs),
      component: 'datasync',
      class: alert.kind,
      custom_details: detailsOf(alert),
    },
  };
  // What asks nothing of anybody must not stay open as an incident.
  return alert.kind === 'finished' ? [trigger, resolve] : [trigger];
}

function mrkdwn(text: string): object {
  return { type: 'mrkdwn', text };
}

/** Slack reads these three as its own marks, and counts what they are written as. */
function slackText(text: string, charsMax: number): string {
  const written = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  if (written.length <= charsMax) return written;
  return `${written.slice(0, charsMax - 1).replace(/&\w{0,3}$/, '')}…`;
}

function cut(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax - 1)}…`;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
