/** The line that a long command redraws fits a terminal of 80 columns, however large its numbers. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CountProgress } from '../../src/observe/count-progress.js';
import { Progress, type ProgressMode } from '../../src/observe/progress.js';
import { type RunProgress, runLine } from '../../src/observe/run-line.js';
import { exploreLine } from '../../src/session/exploration/explore-progress.js';

const COLUMNS = 79;
const HOUR = 3_600_000;
const LARGE = [3_000_000, 999_999_999, 999_999_999_999, Number.MAX_SAFE_INTEGER];

describe('ingest', () => {
  const usual: RunProgress = {
    eventsIngested: 1_234_567,
    total: 3_000_000,
    eventsPerSecond: 842,
    remainingMs: HOUR - 1000,
    boundBy: 'limit',
  };

  test('says share, rate, time left and what bounds it', () => {
    expect(runLine(usual)).toBe(
      '1,234,567 of 3,000,000 rows (41.2 %), 842/s, 59 min 59 s left (limit)',
    );
  });

  test('of three million events at full speed says all of it too', () => {
    const full = { ...usual, eventsIngested: 3_000_000, eventsPerSecond: 147_000 };
    expect(runLine(full)).toMatch(
      /3,000,000 of 3,000,000 .*147,000\/s, 59 min 59 s left \(limit\)/,
    );
    expect(runLine(full).length).toBeLessThanOrEqual(COLUMNS);
  });

  test.each(LARGE)('fits with %d rows, rows a second and hours left', (large) => {
    for (const total of [null, large]) {
      const figures = { eventsIngested: large, total, eventsPerSecond: large };
      const line = runLine({ ...usual, ...figures, remainingMs: 99_999 * HOUR, boundBy: 'speed' });
      expect(line.length).toBeLessThanOrEqual(COLUMNS);
      expect(line).toContain('rows');
    }
  });

  test('says nothing that is not known', () => {
    const unknown = { total: null, remainingMs: null, boundBy: null };
    expect(runLine({ ...usual, ...unknown })).toBe('1,234,567 rows, 842/s');
  });
});

describe('verify and export', () => {
  test.each(LARGE)('fit with %d rows', (large) => {
    const progress = new CountProgress({ what: 'asking', unit: 'rows', nowMs: 0 });
    progress.seen(large - 1, large);
    const line = progress.render(99_999 * HOUR);
    expect(line.length).toBeLessThanOrEqual(COLUMNS);
    expect(line).toMatch(/ rows .*left$/);
  });
});

describe('the line', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function shown(mode: ProgressMode, columns: number, record?: () => void): string {
    let written = '';
    const write = (text: string): boolean => {
      written += text;
      return true;
    };
    const stream = { columns, write } as unknown as NodeJS.WriteStream;
    const render = () => 'x'.repeat(60);
    const progress = new Progress({ stream, mode, render, ...(record && { record }) });
    progress.start();
    vi.advanceTimersByTime(5_000);
    progress.stop();
    return written;
  }

  test('is redrawn on a terminal, cut to its width, and whole where that is not known', () => {
    expect(shown('terminal', 40)).toContain(`\r\u001b[2K${'x'.repeat(39)}\r`);
    expect(shown('terminal', 0)).toContain(`\r\u001b[2K${'x'.repeat(60)}\r`);
  });

  test('is one of its own elsewhere, a record where there is a log, nothing when off', () => {
    const record = vi.fn();
    expect(shown('lines', 0)).toBe(`${'x'.repeat(60)}\n`);
    expect(shown('lines', 0, record)).toBe('');
    expect(record).toHaveBeenCalledOnce();
    expect(shown('off', 0)).toBe('');
  });
});

describe('explore', () => {
  const clock = { startedAtMs: 0, nowMs: 30_000, expectedMs: 100_000 };
  const progress = { probe: 'largest page', pageRequests: 3, budget: 12, waitsUntilMs: null };

  test('says its pace and what the plan leaves', () => {
    expect(exploreLine(progress, clock)).toBe(
      'largest page: 3 of at most 12 requests, 6.0/min, about 1 min 10 s left',
    );
  });

  test('takes a wait that outlasts the plan for the time left', () => {
    expect(exploreLine({ ...progress, probe: 'p', waitsUntilMs: 130_000 }, clock)).toBe(
      'p: 3 of at most 12 requests, 6.0/min, about 1 min 40 s left, waits 1 min 40 s',
    );
  });

  test('promises nothing once the plan is overdue', () => {
    const late = { ...clock, nowMs: 200_000 };
    expect(exploreLine(progress, late)).toBe('largest page: 3 of at most 12 requests, 0.9/min');
  });

  test('fits with the largest budget', () => {
    const large = { pageRequests: 100_000, budget: 100_000, waitsUntilMs: 99 * HOUR };
    const long = { probe: 'what a refused call costs', ...large };
    const line = exploreLine(long, { ...clock, expectedMs: 99 * HOUR });
    expect(line.length).toBeLessThanOrEqual(COLUMNS);
  });
});
