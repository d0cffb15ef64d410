/** What a webhook is sent, in each format; docs/alerts.md shows the same. */
import { describe, expect, test } from 'vitest';
import { alertSettings } from '../../src/config/alert-settings.js';
import type { Alert } from '../../src/observe/alerts/alert.js';
import { ALERT_FORMATS, formatAlert } from '../../src/observe/alerts/alert-format.js';
import { readRepositoryFile } from '../support/repository.js';
import { sampleAlert } from '../support/sample-alert.js';

const docs = readRepositoryFile('docs/alerts.md');

function bodiesOf(alert: Alert, format: (typeof ALERT_FORMATS)[number]): readonly object[] {
  const routingKey = format === 'pagerduty' ? 'YOUR_ROUTING_KEY' : null;
  return formatAlert(alert, { format, routingKey });
}

describe('docs/alerts.md', () => {
  test.each(ALERT_FORMATS)('shows what is sent as %s', (format) => {
    const chapter = docs.split(`\n### ${format}\n`)[1] ?? '';
    const shown = /```json\n([\s\S]*?)```/.exec(chapter)?.[1] ?? '';
    expect([JSON.parse(shown)]).toEqual(bodiesOf(sampleAlert(), format));
  });
});

test.each([
  ['docs/configuration.md', (name: string) => `| \`${name}\` |`],
  ['.env.example', (name: string) => `\n#${name}=`],
  ['docker-compose.yml', (name: string) => `\n      ${name}: \${${name}:-}\n`],
])('%s has each setting', (path, entry) => {
  const text = readRepositoryFile(path);
  for (const name of Object.keys(alertSettings)) expect(text).toContain(entry(name));
});

describe('slack', () => {
  test('its own marks are written so that they are not read as marks', () => {
    const text = JSON.stringify(bodiesOf(sampleAlert({ reason: '<!channel> & more' }), 'slack'));
    expect(text).toContain('&lt;!channel&gt; &amp; more');
    expect(text).not.toContain('<!channel>');
  });

  test('no text is longer than Slack takes, and no mark is cut in two', () => {
    const long = sampleAlert({ reason: '&'.repeat(4_000), origin: 'x'.repeat(4_000) });
    const texts = JSON.stringify(bodiesOf(long, 'slack')).match(/"text":"[^"]*"/g) ?? [];
    expect(texts.length).toBeGreaterThan(5);
    for (const text of texts) expect(text.length).toBeLessThanOrEqual(3_000 + '"text":""'.length);
    expect(texts.some((text) => text.endsWith('&amp;…"'))).toBe(true);
  });
});

describe('pagerduty', () => {
  test('a resolve names the incident and nothing else', () => {
    expect(bodiesOf(sampleAlert({ action: 'resolve' }), 'pagerduty')).toEqual([
      {
        routing_key: 'YOUR_ROUTING_KEY',
        dedup_key: 'datasync/3f9c01d2ab54/run-12/stalled',
        event_action: 'resolve',
      },
    ]);
  });

  test('what asks nothing of anybody is resolved at once', () => {
    const bodies = bodiesOf(sampleAlert({ kind: 'finished', reason: null }), 'pagerduty');
    expect(bodies).toMatchObject([
      { event_action: 'trigger', payload: { severity: 'info' } },
      { event_action: 'resolve' },
    ]);
  });

  test.each([
    ['failed', 'critical'],
    ['stalled', 'error'],
    ['paused', 'warning'],
    ['schema_changed', 'warning'],
  ] as const)('%s is %s, and stays open', (kind, severity) => {
    const bodies = bodiesOf(sampleAlert({ kind }), 'pagerduty');
    expect(bodies).toMatchObject([{ event_action: 'trigger', payload: { severity } }]);
  });

  test('a summary is no longer than PagerDuty takes', () => {
    const [body] = bodiesOf(sampleAlert({ reason: 'x'.repeat(4_000) }), 'pagerduty');
    const { payload } = body as { payload: { summary: string } };
    expect(payload.summary).toHaveLength(1_024);
  });
});

describe('json', () => {
  test.each([
    [
      { kind: 'stalled', action: 'resolve', reason: null, remainingMs: 2_160_000 },
      'Run 12 goes on after a stall: 1,200,000 of 3,000,000 rows, 830 rows/s, 36 min 00 s left',
    ],
    [
      { kind: 'stalled', action: 'resolve', reason: null, state: 'failed' },
      'Run 12 is over, and so its stall: 1,200,000 of 3,000,000 rows, 830 rows/s',
    ],
    [
      { kind: 'finished', reason: null, total: null },
      'Run 12 finished: 1,200,000 rows, 830 rows/s',
    ],
    [
      { kind: 'failed', run: null, reason: 'no connection' },
      'The ingestion failed at its start: no connection',
    ],
    [{ kind: 'paused', reason: 'not well' }, 'Run 12 paused: not well'],
    [{ kind: 'schema_changed', reason: 'x is new' }, 'Run 12 met changed records: x is new'],
  ] as const)('%o says: %s', (changes, summary) => {
    expect(bodiesOf(sampleAlert(changes), 'json')).toMatchObject([{ summary }]);
  });

  test('instants and spans are in the units that their names say', () => {
    const paused = sampleAlert({ kind: 'paused', resumeAtMs: 0, remainingMs: 90_400 });
    const resumeAt = '1970-01-01T00:00:00.000Z';
    expect(bodiesOf(paused, 'json')).toMatchObject([{ resumeAt, etaSeconds: 90 }]);
  });
});
