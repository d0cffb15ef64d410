import { expect, test } from 'vitest';
import { Frontier } from '../../src/core/frontier.js';
import { Outstanding } from '../../src/core/outstanding.js';
import { newTip } from '../../src/core/page-job.js';
import { findGaps } from '../../src/core/resume.js';
import { SourceOrder } from '../../src/core/source-order.js';

const opaque = { cursorTtlMs: 1000, buildCursor: () => null };
const head = {
  sentAtMs: 0,
  headAtMs: 0,
  endAtMs: 0,
  bodyBytes: 1,
  limits: null,
  nextCursor: 'x',
  nextPosition: null,
  hasMore: true,
  cursorExpiresInMs: null,
  limit: null,
  returned: 1,
  total: null,
};

test('a page of rows without positions behind an opaque cursor does not pass for the whole source', () => {
  const outstanding = new Outstanding(new SourceOrder());
  const job = newTip({
    segment: 1,
    page: 1,
    cursor: null,
    cursorExpiresAtMs: 0,
    after: null,
    isAfterKnown: true,
    predecessor: null,
  });
  outstanding.add({
    taskId: 1,
    job,
    limit: 100,
    start: { number: 0, takenMs: 0, inFlight: 1 },
    isRefresh: false,
  });
  const page = outstanding.get(1);
  if (page === undefined) throw new Error('the page is outstanding');
  page.head = head;
  outstanding.answered(page);
  const frontier = new Frontier(opaque, { canSeek: false });
  frontier.add({ segment: 1, after: null, bound: null });
  const [write] = outstanding.scanned(page, frontier);
  expect(write?.through).not.toBeNull();
  const covered = {
    after: null,
    through: write?.through ?? null,
    nextCursor: 'x',
    nextCursorExpiresAtMs: 1,
  };
  expect(findGaps([covered])).toMatchObject([{ bound: null }]);
});
