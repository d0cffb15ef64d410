import { expect, test } from 'vitest';
import { Frontier } from '../../src/core/frontier.js';
import { Outstanding } from '../../src/core/outstanding.js';
import { PageJob } from '../../src/core/page-job.js';
import { planResume } from '../../src/core/resume.js';
import { SourceOrder } from '../../src/core/source-order.js';
import { cursorChain } from '../../src/paging/cursor-chain.js';

const opaque = cursorChain({ cursorLifeMs: 1000 });
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

test('a page without a place goes on by its cursor, and does not pass for the whole source', () => {
  const outstanding = new Outstanding(new SourceOrder({ holds: false }), []);
  const job = new PageJob({
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
  const frontier = new Frontier(opaque);
  frontier.add({ segment: 1, after: null, bound: null });
  const [write] = outstanding.scanned(page, frontier);
  expect(write).toMatchObject({ isOrdered: false, after: null, through: null, nextCursor: 'x' });
  if (write === undefined) throw new Error('the page is written');
  const committed = { ...write, clipped: 0, returned: 1, nextCursorExpiresAtMs: 90_000 };
  expect(planResume([committed], { paging: opaque, nowMs: 0 }).gaps).toMatchObject([
    { after: null, bound: null, cursor: 'x' },
  ]);
});
