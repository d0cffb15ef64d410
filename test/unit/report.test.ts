import { describe, expect, test } from 'vitest';
import { formatCount, formatDuration } from '../../src/observe/eta.js';
import { type IngestResult, reportText } from '../../src/observe/report.js';
import { FULL_PASS } from '../../src/source/pass.js';

const result: IngestResult = {
  status: 'complete',
  run: 1,
  pass: FULL_PASS,
  eventsIngested: 3_000_000,
  returned: 3_000_007,
  inserted: 2_999_990,
  updated: 0,
  duplicate: 10,
  quarantined: 7,
  deleted: null,
  keptReason: null,
  pages: 601,
  requests: 605,
  refused: 0,
  retries: 4,
  durationMs: 3_561_000,
  eventsPerSecond: 842,
  permittedRequests: 610,
  utilisation: 0.9961,
  peakRssBytes: 150_000_000,
  mainLoopDelayP99Ms: 1.2,
  firstCommitMs: 700,
  resumedFrom: 12,
  writeMethod: 'copy',
  reason: null,
  resumeAt: null,
  warnings: [],
};

describe('report', () => {
  test('fits 80 columns and says rows, rate, share of the limit and how to open the data', () => {
    const text = reportText(result, { table: '"crm"."contacts"', open: 'psql -h 127.0.0.1' });
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(text).toContain('3,000,000 of this run, by the ledger');
    expect(text).toContain('842 rows/s');
    expect(text).toContain('99.6 % of the limit used');
    expect(text).toContain('psql -h 127.0.0.1');
    expect(text).toContain('from 12 committed pages');
  });

  test('a run that failed says why', () => {
    const failed = { ...result, status: 'failed' as const, reason: 'segment 1, page 2: why' };
    expect(reportText(failed, { table: '', open: '' })).toContain('segment 1, page 2: why');
  });

  test('a run that a signal has stopped is paused, as status says it', () => {
    const stopped = {
      ...result,
      status: 'interrupted' as const,
      reason: 'a signal to its process',
    };
    const [title, reason] = reportText(stopped, { table: '', open: '' }).split('\n');
    expect([title, reason]).toEqual(['Run 1: paused', '  a signal to its process']);
  });
});

describe('text', () => {
  test('durations read as a person says them', () => {
    expect([45_000, 200_000, 3_720_000].map(formatDuration)).toEqual([
      '45 s',
      '3 min 20 s',
      '1 h 02 min',
    ]);
  });
});

test('counts have their thousands apart', () => {
  const cases: readonly [number, string][] = [
    [0, '0'],
    [999, '999'],
    [1_000, '1,000'],
    [12_345.6, '12,346'],
    [3_000_000, '3,000,000'],
    [-123_456, '-123,456'],
    [-123, '-123'],
  ];
  for (const [count, text] of cases) expect(formatCount(count)).toBe(text);
});
