/** Chains of pages that bring nothing: ended by name, and not too soon. */
import { describe, expect, test } from 'vitest';
import type { SchedulerOptions } from '../../src/core/run-context.js';
import type { Paging } from '../../src/paging/paging.js';
import { built, Played } from '../support/played-scheduler.js';
import { opaque } from '../support/stepped-scheduler.js';

const WHOLE = { segment: 1, after: null, bound: null };
const EMPTY = { count: 0 };
const UNLIMITED: Partial<SchedulerOptions> = { concurrency: 1 };

/** @returns pages that were answered until the run was over, or `pagesMax` */
function walk(played: Played, answerNext: (page: number) => void, pagesMax = 3_000): number {
  let page = 0;
  while (played.outcome === undefined && page < pagesMax) answerNext(++page);
  return page;
}

test.each([
  ['opaque', opaque],
  ['built', built],
] as [string, Paging][])(
  'a thousand empty pages in a row, each with another %s cursor, end the run by name',
  (_, cursors) => {
    const played = new Played([WHOLE], cursors, UNLIMITED);
    played.answer(1, 100);
    const pages = walk(played, (page) => played.answer(1, 100 + page, EMPTY));
    expect(played.outcome).toMatchObject({
      status: 'failed',
      fault: {
        code: 'CONTRACT',
        message: expect.stringMatching(
          /^segment 1, page 1001: 1000 pages in a row hold no new record, and each says that there is more$/,
        ),
      },
    });
    // The one behind the last was asked for when its head came.
    expect(pages).toBeLessThanOrEqual(1_001);
  },
);

test('pages that end at the same row for ever hold no new record either', () => {
  const played = new Played([WHOLE], opaque, UNLIMITED);
  played.answer(1, 100);
  walk(played, (page) => played.answer(1, 100, { nextCursor: `fresh ${page}` }));
  expect(played.outcome).toMatchObject({ status: 'failed', fault: { code: 'CONTRACT' } });
});

test('a page with a record begins the count again, and the end of the source is none', () => {
  const played = new Played([WHOLE], opaque, UNLIMITED);
  played.answer(1, 100);
  for (let page = 1; page < 3_000; page++) {
    played.answer(1, 100 + page, page % 999 === 0 ? { count: 1 } : EMPTY);
  }
  played.answer(1, 3_100, { hasMore: false, count: 0 });
  expect(played.outcome).toEqual({ status: 'complete' });
});

describe('pages of records without a key', () => {
  function walked(fingerprintOf: (page: number) => string, pagesMax = 3_000) {
    const played = new Played([WHOLE], opaque, UNLIMITED);
    const pages = walk(
      played,
      (page) => played.answer(1, page * 100, { fingerprint: fingerprintOf(page) }),
      pagesMax,
    );
    return { played, pages };
  }

  test('that are the same for ever end the run', () => {
    const { played, pages } = walked(() => 'same');
    expect(played.outcome).toMatchObject({ status: 'failed', fault: { code: 'CONTRACT' } });
    expect(pages).toBeLessThanOrEqual(1_002);
  });

  test('that go round in a circle end it too', () => {
    const { played } = walked((page) => `page ${page % 7}`);
    expect(played.outcome).toMatchObject({ status: 'failed', fault: { code: 'CONTRACT' } });
  });

  test('that come again from the start on, as of a walk that begins again, do not', () => {
    const { played, pages } = walked((page) => `page ${page % 1_500}`);
    expect(played.outcome).toBeUndefined();
    expect(pages).toBe(3_000);
  });
});
