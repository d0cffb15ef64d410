import { describe, expect, test } from 'vitest';
import {
  joinReports,
  type RunReportDocument,
  readReport,
  reportTotals,
} from '../../src/observe/run-report.js';
import { chartSvg } from '../../src/observe/run-report-charts.js';
import { runReportPage } from '../../src/observe/run-report-page.js';
import { runReportText } from '../../src/observe/run-report-text.js';
import { STARTED_MS, sampleReport, sampleSession } from '../support/sample-report.js';

const SUBMISSION = {
  ...{ submissionNumber: 2, eventCount: 50_000, submittedAt: '2026-01-27T12:05:00.000Z' },
  ...{ timeToSubmit: '5m 0s', githubRepoUrl: 'https://github.com/a/b' },
};

describe('a report', () => {
  test('is read back as it was written', () => {
    const report = sampleReport({ submission: SUBMISSION });
    expect(readReport(JSON.parse(JSON.stringify(report)))).toEqual(report);
  });

  test.each([null, {}, { ...sampleReport(), version: 2 }, { ...sampleReport(), sessions: [{}] }])(
    'is not made of something else',
    (json) => {
      expect(readReport(json)).toBeNull();
    },
  );

  test('with a column cut short is not read', () => {
    const { timeline, ...rest } = sampleReport();
    expect(readReport({ ...rest, timeline: { ...timeline, rows: [1] } })).toBeNull();
  });

  test('sums its sessions, and its rate is that of their time at work', () => {
    const sessions = [sampleSession(), sampleSession({ startedAtMs: STARTED_MS + 600_000 })].map(
      (one) => ({ ...one, endedAtMs: one.startedAtMs + 60_000 }),
    );
    const report = sampleReport({ sessions, endedAtMs: STARTED_MS + 660_000 });
    expect(reportTotals(report)).toMatchObject({
      ...{ requests: 24, refused: 2, retries: 4, activeMs: 120_000, elapsedMs: 660_000 },
      faults: { NETWORK: 4, RATE_LIMITED: 2 },
    });
    expect(reportTotals(report).eventsPerSecond).toBeCloseTo(100_000 / 120, 6);
  });

  test('knows the rows of processes that have left no report', () => {
    expect(reportTotals(sampleReport()).unreportedRows).toBe(0);
    const killed = sampleReport({ sessions: [sampleSession({ rows: 20_000 })] });
    expect(reportTotals(killed).unreportedRows).toBe(30_000);
    expect(runReportText(killed)).toContain('30,000 rows are of processes');
  });
});

describe('the report of a process that goes on with a run', () => {
  test('keeps the sessions before it, the first call and the submission', () => {
    const earlier = sampleReport({ status: 'paused', submission: SUBMISSION });
    const now = sampleReport({
      firstRequestAtMs: STARTED_MS + 900_000,
      endedAtMs: STARTED_MS + 960_000,
      sessions: [sampleSession({ rows: 7 })],
    });
    const joined = joinReports(earlier, now);
    expect(joined.sessions.map(({ rows }) => rows)).toEqual([50_000, 7]);
    expect(joined.firstRequestAtMs).toBe(earlier.firstRequestAtMs);
    expect(joined).toMatchObject({ status: 'complete', submission: SUBMISSION });
    expect(joined.endedAtMs).toBe(now.endedAtMs);
  });

  test('takes nothing from a run of another database by the same number', () => {
    const now = sampleReport();
    expect(joinReports(sampleReport({ startedAtMs: STARTED_MS - 5_000 }), now)).toBe(now);
    expect(joinReports(sampleReport({ origin: 'elsewhere' }), now)).toBe(now);
  });

  test('does not grow without end', () => {
    let report = sampleReport();
    for (let times = 0; times < 300; times++) report = joinReports(report, sampleReport());
    expect(report.sessions).toHaveLength(200);
  });
});

describe('the text', () => {
  test('fits 80 columns, whatever it has to say', () => {
    const report = sampleReport({
      status: 'failed',
      reason: `segment 1, page 2: ${'the API has said something long '.repeat(6)}`,
      origin: `http://${'long-name.'.repeat(12)}example/api/v1`,
      submission: SUBMISSION,
      quarantine: Array.from({ length: 9 }, (_, index) => ({
        ...{ reason: `reason ${index} ${'of some length '.repeat(8)}`, records: 1 },
        ...{ segment: 1, page: 1 },
      })),
    });
    for (const line of runReportText(report).split('\n')) {
      expect(line.length, line).toBeLessThanOrEqual(80);
    }
  });

  test('says first call, end, duration, pace, the limit, faults, and the submission', () => {
    const text = runReportText(sampleReport({ submission: SUBMISSION }));
    expect(text).toContain('first call 2026-01-27 12:00:00 UTC');
    expect(text).toContain('1 min 01 s, 833 rows/s');
    expect(text).toContain('99.1 % of what it permits');
    expect(text).toContain('NETWORK × 2');
    expect(text).toContain("the API's limit 80.0 %");
    expect(text).toContain('time to complete 5m 0s');
  });

  test('leaves out what is not known', () => {
    const bare = sampleReport({
      ...{ sessions: [], firstRequestAtMs: null, endedAtMs: null, limit: null, waits: {} },
      latency: { head: null, fetch: null, scan: null, write: null },
    });
    expect(runReportText(bare)).not.toMatch(/null|NaN|undefined|requests/);
  });
});

describe('the proof', () => {
  const proof = { ok: true, atMs: STARTED_MS + 90_000, rows: 50_000, pages: 11, differences: 0 };
  const texts = (report: RunReportDocument) => [
    runReportText(report).replaceAll(/\s+/g, ' '),
    runReportPage(report).replaceAll(/<[^>]*>/g, ' '),
  ];

  test('that was not made is the command that makes it', () => {
    for (const text of texts(sampleReport())) {
      expect(text).toContain('not since its last process ended');
      expect(text).toContain('datasync verify --run 3');
    }
  });

  test('says what it found, and when', () => {
    for (const text of texts(sampleReport({ verification: proof }))) {
      expect(text).toContain('50,000 rows in the table, no difference, 2026-01-27 12:01:30 UTC');
      expect(text).not.toContain('datasync verify');
    }
    const bad = { ...proof, ok: false, differences: 1 };
    for (const text of texts(sampleReport({ verification: bad }))) {
      expect(text).toContain('1 difference, 2026-01-27 12:01:30 UTC');
      expect(text).toContain('datasync verify --run 3');
    }
  });

  test('of fewer pages, or before a further process, does not count', () => {
    for (const text of texts(sampleReport({ verification: proof, pages: 12 }))) {
      expect(text).toContain('not since 2026-01-27 12:01:30 UTC, before its last pages');
      expect(text).toContain('datasync verify --run 3');
    }
    expect(
      joinReports(sampleReport({ verification: proof }), sampleReport()).verification,
    ).toBeNull();
  });

  test('is unknown to a report of an earlier version, which is read all the same', () => {
    const { verification: _, ...earlier } = sampleReport();
    expect(readReport(earlier)).toEqual(sampleReport());
  });
});

test('records in quarantine come with what shows them, and nothing is said of none', () => {
  for (const made of [runReportText, runReportPage]) {
    expect(made(sampleReport())).toContain('SELECT * FROM ingestion_quarantine WHERE run = 3');
    expect(made(sampleReport({ quarantine: [] }))).not.toContain('SELECT');
  }
});

test('fields that are not as in earlier runs come with what they were', () => {
  const fieldChanges = [
    { path: 'a', change: 'new' as const, before: [], now: ['text'], records: 3, of: 1_200 },
    { path: 'b', change: 'vanished' as const, before: ['bool'], now: [], records: 90, of: 90 },
    {
      path: 'c',
      change: 'type changed' as const,
      before: ['bool'],
      now: ['text'],
      records: 1,
      of: 9,
    },
  ];
  const text = runReportText(sampleReport({ fieldChanges }));
  expect(text).toContain('  fields     a is new: text in 3 of 1,200\n');
  expect(text).toContain('b has vanished: in none of 90');
  expect(text).toContain('c: text in 1 of 9, was bool');
  const page = runReportPage(sampleReport({ fieldChanges }));
  for (const cell of ['text in 3 of 1,200', 'in none of 90', 'type changed']) {
    expect(page).toContain(`>${cell}</td>`);
  }
  expect(runReportPage(sampleReport())).not.toContain('earlier runs');
});

test('what the ledger counts is not said to be in the table', () => {
  for (const made of [runReportText, runReportPage]) {
    expect(made(sampleReport())).not.toMatch(/in the table/i);
    expect(made(sampleReport())).toMatch(/committed/);
  }
});

describe('the page', () => {
  const page = runReportPage(sampleReport({ submission: SUBMISSION }));

  test('is one file: no script, nothing loaded', () => {
    expect(page).not.toMatch(/<script|<link|<img|@import|url\(|src=/i);
    expect(page).toContain("default-src 'none'");
  });

  test('shows every chart and figure', () => {
    expect(page.match(/<svg/g)).toHaveLength(5);
    expect(page).toContain('Requests, and what the limit permitted');
    for (const text of ['50,000', '99.1 %', '5m 0s', 'no id', 'segment 1, page 4']) {
      expect(page).toContain(text);
    }
  });

  test('says nothing of a limit where there was none', () => {
    expect(runReportPage(sampleReport({ limit: null }))).not.toMatch(/permitted/);
  });

  test('shows text from elsewhere as text', () => {
    const hostile = '<script>alert("x")</script>';
    const attacked = runReportPage(
      sampleReport({ reason: hostile, origin: hostile, settings: { hostile } }),
    );
    expect(attacked).not.toContain('<script>');
    expect(attacked).toContain('&lt;script&gt;');
  });
});

describe('a chart', () => {
  const chart = { title: 't', unit: 'count' as const, atMs: [0, 1000, 2000] };

  test('has whole numbers at its ticks', () => {
    const svg = chartSvg({ ...chart, series: [{ name: 'a', values: [0, 5, 3] }] });
    const ticks = [...svg.matchAll(/class="end">([\d,]+)<\/text>/g)].map((match) => match[1]);
    expect(ticks).toEqual(['0', '2', '4', '6', '8']);
  });

  test('has different times at its ticks, however short the run', () => {
    const svg = chartSvg({ ...chart, series: [{ name: 'a', values: [0, 5, 3] }] });
    const times = [...svg.matchAll(/>([\d.]+ s)</g)].map((match) => match[1]);
    expect(times).toEqual(['0.0 s', '0.5 s', '1.0 s', '1.5 s', '2.0 s']);
  });

  test('leaves a gap where nothing is known', () => {
    const svg = chartSvg({ ...chart, series: [{ name: 'a', values: [1, null, 1] }] });
    expect(/class="s0" d="([^"]*)"/.exec(svg)?.[1]?.match(/M/g)).toHaveLength(2);
  });

  test('of a single point is none', () => {
    expect(chartSvg({ ...chart, atMs: [0], series: [{ name: 'a', values: [1] }] })).toBe('');
  });
});
