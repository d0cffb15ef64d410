import { describe, expect, test } from 'vitest';
import { runStatusView, type StatusFacts } from '../../src/observe/run-status.js';
import { runStatusLine, runStatusText } from '../../src/observe/run-status-text.js';
import { clusterOf, runOf, seenMember } from '../support/seen-members.js';

const NOW_MS = Date.UTC(2026, 0, 27, 12);
const place = (ms: number): string => `${ms}/00000000-0000-4000-8000-000000000000`;

const RECENT = {
  ...{ rows: 50_000, pages: 10, sinceMs: NOW_MS - 60_000 },
  firstMs: NOW_MS - 59_000,
};

function facts(changes: Partial<StatusFacts> = {}): StatusFacts {
  return {
    ...{ run: 7, source: 'datasync', origin: 'http://api.example/api/v1', status: 'running' },
    ...{ startedAtMs: NOW_MS - 600_000, finishedAtMs: null, resumeAtMs: null, lastError: null },
    ...{ tableRows: null, warnings: [] },
    ...{ firstRequestAtMs: NOW_MS - 599_000, sourceTotal: 3_000_000, newestMs: 10_000 },
    totals: {
      ...{
        pages: 100,
        returned: 500_000,
        inserted: 500_000,
        updated: 0,
        duplicate: 0,
        quarantined: 0,
      },
      rows: 500_000,
    },
    children: null,
    segments: [],
    lastCommitMs: NOW_MS - 1_000,
    worked: {
      ...{ rows: 500_000, pages: 100, sinceMs: NOW_MS - 599_000 },
      firstMs: NOW_MS - 598_000,
    },
    recent: RECENT,
    limit: { quota: 10, windowMs: 60_000 },
    worker: 'datasync-ingestion process 12 on host',
    cluster: { atMs: NOW_MS, runs: [] },
    ...changes,
  };
}

describe('a run that is at work', () => {
  const view = runStatusView(facts(), NOW_MS);

  test('has a share, a pace, and a rest that the limit bounds', () => {
    expect(view).toMatchObject({ state: 'running', rowsPerSecond: 835 });
    expect(view.share).toBeCloseTo(1 / 6, 9);
    expect(view.eta).toEqual({ remainingMs: 50 * 60_000, boundBy: 'limit' });
  });

  test('slower than its limit is bound by its speed', () => {
    const slow = { ...RECENT, rows: 20_000, pages: 4 };
    expect(runStatusView(facts({ recent: slow }), NOW_MS).eta).toEqual({
      ...{ remainingMs: 125 * 60_000, boundBy: 'speed' },
    });
  });

  test('whose last while holds a page at most, goes by all that its process has done', () => {
    const few = { ...RECENT, rows: 5_000, pages: 1 };
    const { eta } = runStatusView(facts({ recent: few, limit: null }), NOW_MS);
    expect(eta?.boundBy).toBe('speed');
    expect((eta?.remainingMs ?? 0) / 60_000).toBeCloseTo(50, 0);
  });

  test('has the rate that its process says, and none before its first page', () => {
    const began = { ...RECENT, sinceMs: NOW_MS - 2_000 };
    const none = { ...began, rows: 0, pages: 0, firstMs: null };
    const rateOf = (worked: StatusFacts['worked']) =>
      runStatusView(facts({ worked, recent: worked }), NOW_MS).rowsPerSecond;
    expect([rateOf(began), rateOf(none), rateOf(null)]).toEqual([25_000, null, null]);
  });

  test('without a total has no share and no rest', () => {
    const blind = runStatusView(facts({ sourceTotal: null }), NOW_MS);
    expect([blind.share, blind.eta]).toEqual([null, null]);
    expect(blind.rowsPerSecond).toBe(835);
  });
});

describe('a run that members share', () => {
  const alone = runStatusView(facts(), NOW_MS);
  const other = seenMember({ epoch: 2, name: 'web-2 process 34' });
  const cluster = clusterOf(runOf([seenMember(), other]), runOf([seenMember()], { run: 9 }));
  const view = runStatusView(facts({ cluster }), NOW_MS);

  test('names them all, instead of the one that holds the lock', () => {
    expect(runStatusText(alone)).toMatch(/^ {2}by +datasync-ingestion process 12/m);
    const text = runStatusText(view);
    expect(text).not.toMatch(/^ {2}by /m);
    expect(text).toMatch(
      /^ {2}members +2, .*\n {4}web-1 process 12 .*[\s\S]*\n {4}web-2 process 34 /m,
    );
    expect(text).toMatch(/^ {2}other runs run 9 of github\.issues \(1 member\)$/m);
    expect(runStatusText(alone)).not.toMatch(/member|other runs/);
  });

  test('has as many of them in its line', () => {
    expect(runStatusLine(view)).toContain('835/s, 2 members, ');
    expect(runStatusLine(alone)).not.toContain('member');
  });
});

describe('a run that stands still', () => {
  test('has no pace, however fast it was', () => {
    const ended = runStatusView(facts({ status: 'complete', worker: null }), NOW_MS);
    expect(ended).toMatchObject({ state: 'complete', share: 1, rowsPerSecond: null, eta: null });
  });

  test('though the ledger says running, was killed', () => {
    const view = runStatusView(facts({ worker: null }), NOW_MS);
    expect(view.state).toBe('stopped');
    expect(runStatusText(view)).toContain('start again to go on');
  });
});

describe('a segment', () => {
  const shareOf = (segment: Partial<StatusFacts['segments'][number]>) => {
    const whole = {
      ...{ segment: 1, status: 'open', after: null, bound: null, reached: null },
      ...{ pages: 1, rows: 5 },
      ...segment,
    };
    return runStatusView(facts({ segments: [whole] }), NOW_MS).segments[0]?.share;
  };

  test('has gone as far as its last page, from its start to its bound', () => {
    const span = { after: place(8_000), bound: place(4_000) };
    expect(shareOf({ ...span, reached: place(5_000) })).toBe(0.75);
    expect(shareOf({ ...span, reached: null })).toBe(0);
  });

  test('that begins with the source begins at its newest instant', () => {
    expect(shareOf({ bound: place(5_000), reached: place(7_500) })).toBe(0.5);
  });

  test('that ends with the source has no share before it has ended', () => {
    expect(shareOf({ after: place(5_000), reached: place(4_000) })).toBeNull();
    expect(shareOf({ status: 'ended' })).toBe(1);
  });
});

describe('the text', () => {
  test('fits 80 columns with many segments and a long error', () => {
    const segments = Array.from({ length: 40 }, (_, segment) => ({
      ...{ segment, status: 'open', after: place(NOW_MS), bound: place(NOW_MS - 9e9) },
      ...{ reached: place(NOW_MS - 1e9), pages: 1_000, rows: 123_456_789 },
    }));
    const view = runStatusView(facts({ segments, lastError: 'why '.repeat(60) }), NOW_MS);
    const lines = runStatusText(view).split('\n');
    for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80);
    expect(lines.length).toBeLessThan(40);
    expect(runStatusText(view)).toContain('and 28 more');
  });

  test('says what was counted: the ledger, and the table where somebody has', () => {
    const uncounted = runStatusText(runStatusView(facts(), NOW_MS));
    expect(uncounted).toContain('500,000 of 3,000,000 rows committed');
    expect(uncounted).not.toContain('table');
    const whole = runStatusText(runStatusView(facts({ tableRows: 700_000 }), NOW_MS));
    expect(whole).toMatch(/^ {2}table +700,000 rows$/m);
    const short = runStatusText(runStatusView(facts({ tableRows: 499_997 }), NOW_MS));
    expect(short).toMatch(/table +499,997 rows, 3 fewer than the ledger says\n.*datasync verify/);
  });

  test('of a paused run names the reason, which is no error', () => {
    const reason = '--max-events 5000 reached';
    const view = runStatusView(
      facts({ status: 'paused', worker: null, lastError: reason }),
      NOW_MS,
    );
    expect(view).toMatchObject({ reason, lastError: null });
    expect(runStatusText(view)).toMatch(/paused by +--max-events 5000 reached/);
    expect(runStatusText(view)).not.toContain('error');
    const failed = runStatusView(facts({ status: 'failed', lastError: 'HTTP 404' }), NOW_MS);
    expect(failed).toMatchObject({ reason: null, lastError: 'HTTP 404' });
  });

  test('says what bounds the rest', () => {
    const view = runStatusView(facts(), NOW_MS);
    expect(runStatusText(view)).toContain("50 min 00 s left, bound by the API's limit");
    expect(runStatusLine(view)).toMatch(/^run 7 running: 500,000 of 3,000,000 rows \(16\.7 %\)/);
  });
});
