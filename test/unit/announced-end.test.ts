/** Answers that say the source ends: which are believed, and which are asked for again. */
import { describe, expect, test } from 'vitest';
import { AnnouncedTotal } from '../../src/core/announced-total.js';
import { Credits } from '../../src/core/credits.js';
import { Frontier } from '../../src/core/frontier.js';
import type { SchedulerOptions } from '../../src/core/run-context.js';
import type { SegmentSeed } from '../../src/core/segment.js';
import type { Paging } from '../../src/paging/paging.js';
import { at, built, Played } from '../support/played-scheduler.js';
import { failed, head, opaque } from '../support/stepped-scheduler.js';

const WHOLE: SegmentSeed = { segment: 1, after: null, bound: null };
const TWO: readonly SegmentSeed[] = [
  { segment: 1, after: null, bound: at(200) },
  { segment: 2, after: at(200), bound: null },
];
const END = { hasMore: false } as const;
const EMPTY_END = { hasMore: false, count: 0 } as const;

describe('an end that comes before all announced records', () => {
  /** Two pages of a source of 300; the third says that there is no more, and holds nothing. */
  function shortened(paging: Paging, changes: Partial<SchedulerOptions> = {}): Played {
    const played = new Played([WHOLE], paging, changes);
    played.answer(1, 100, { total: 300 });
    played.answer(1, 200, { total: 300 });
    played.answer(1, 200, EMPTY_END);
    return played;
  }

  test.each([
    ['built', built],
    ['opaque', opaque],
  ] as const)('is asked for again, by %s cursors, and what comes then is taken', (_, paging) => {
    const played = shortened(paging);
    expect(played.said).toContainEqual({ type: 'drop', taskId: 3 });
    expect(played.notices).toEqual(['page_contradicted']);
    expect(played.written).toEqual([]);
    played.answer(1, 300, { ...END, total: 300 });
    expect(played.written).toEqual([[1, null]]);
    expect(played.outcome).toEqual({ status: 'complete' });
  });

  test('is believed when it stays so, and how many were announced is known', () => {
    const played = shortened(built);
    let looks = 0;
    for (; played.asks(1); looks++) played.answer(1, 200, EMPTY_END);
    expect(looks).toBe(7);
    expect(played.written).toEqual([[1, null]]);
    expect(played.outcome).toEqual({ status: 'complete' });
    expect(played.scheduler.announcedRecords).toBe(300);
  });

  /** Two segments of 100 records each, the second of which ends for good. */
  function cutShort(total: number): Played {
    const played = new Played(TWO);
    played.answer(1, 200, { total });
    while (played.asks(2)) played.answer(2, 300, { ...END, total });
    return played;
  }

  test('is not believed where a cut may hide a quarter of them: one chain walks behind the first', () => {
    const played = cutShort(267);
    expect(played.notices).toEqual(['order_broken']);
    const seed = { segment: 9, after: null, bound: null, cursor: 'to 200' };
    expect(played.said).toContainEqual({
      type: 'openSegment',
      seed: expect.objectContaining(seed),
    });
    expect(played.outcome).toBeUndefined();
  });

  test('is believed where less is missing, for a total may be a guess', () => {
    expect(cutShort(266).outcome).toEqual({ status: 'complete' });
  });

  test('is no reason to ask where earlier processes have had the rest', () => {
    const earlier = {
      ...{ segment: 0, page: 1, cursor: 'a', nextCursor: null, nextCursorExpiresAtMs: null },
      ...{ hasMore: false, isOrdered: true, after: at(200), through: at(300), clipped: 0 },
      ...{ returned: 100, inserted: 100, updated: 0, duplicate: 0, known: 0, quarantined: 0 },
    };
    expect(shortened(built, { earlierPages: [earlier] }).outcome).toEqual({ status: 'complete' });
  });

  test('is judged by what earlier processes were told, where this one is told nothing', () => {
    const played = new Played([WHOLE], built, { sourceTotal: 300 });
    played.answer(1, 100, END);
    expect(played.notices).toEqual(['page_contradicted']);
  });

  test('is left to the next start by a run that was to end anyway', () => {
    const played = new Played([WHOLE], built, { eventsMax: 150 });
    played.answer(1, 100, { total: 300 });
    played.answer(1, 160, { ...END, count: 60 });
    expect(played.written).toEqual([]);
    expect(played.outcome).toMatchObject({ status: 'paused' });
  });

  test('waits for the other segments, which may have the rest', () => {
    const played = new Played(TWO);
    played.answer(1, 100, { total: 300 });
    played.answer(2, 300, { ...END, total: 300 });
    expect(played.written).toEqual([]);
    played.answer(1, 200, { total: 300 });
    expect(played.notices).toEqual([]);
    expect(played.written).toEqual([
      [1, at(200)],
      [2, null],
    ]);
    expect(played.outcome).toEqual({ status: 'complete' });
  });

  test('is asked for when the others are through, where they need the credit that it holds', () => {
    const credits = new Credits({ bytesMax: 1_000, expectedPageBytes: 1_000 });
    const played = new Played([...TWO].reverse(), built, { credits });
    played.answer(2, 300, { ...END, total: 300 });
    expect(played.written).toEqual([]);
    expect([played.asks(1), played.asks(2)]).toEqual([true, false]);
    played.answer(1, 250, { count: 200 });
    expect(played.asks(2)).toBe(true);
    played.answer(2, 300, { ...END, total: 300 });
    expect(played.written).toEqual([[2, null]]);
  });

  test('is none of a cut that finds nothing: the chain before it walks on to the end', () => {
    const played = new Played([WHOLE]);
    // The total is wrong, so that the cut lies behind the end.
    played.answerFarAway(1, 5, { total: 10_000 });
    expect(played.asks(9)).toBe(true);
    played.answer(9, 0, { ...EMPTY_END, total: 600 });
    expect(played.said).toContainEqual({ type: 'endSegment', segment: 9, isSuperseded: true });
    expect(played.said).toContainEqual(
      expect.objectContaining({ type: 'boundSegment', bound: null }),
    );
    expect(played.notices).toEqual([]);
  });
});

describe('the announced total', () => {
  const records = (totals: readonly number[], ofEnd: number | null, ofEarlier?: number) => {
    const announced = new AnnouncedTotal(ofEarlier);
    const answers = totals.map((total) => ({ total, hasMore: true }));
    [...answers, { total: ofEnd, hasMore: false }].forEach((answer, nth) => {
      announced.observe({ ...answer, sentAtMs: nth * 10, headAtMs: nth * 10 + 5 });
    });
    return announced.records;
  };

  test.each([
    ['stays, and an end that says less does not change it', [300, 300], 200, 300],
    ['grows while it is read: rows that are new lie before the walk', [300, 310], 320, 300],
    ['shrinks while it is read, and so may the end', [300, 290], 280, 280],
    ['is a guess and varies', [300, 250, 320], 310, 250],
    ['is said by the only page', [], 300, 300],
    ['is said by no page', [], null, null],
  ])('%s', (_, totals, ofEnd, expected) => {
    expect(records(totals, ofEnd)).toBe(expected);
  });

  test('of earlier processes counts where no other page of this one says it', () => {
    expect(records([], null, 300)).toBe(300);
    expect(records([], 200, 300)).toBe(300);
    expect(records([250], null, 300)).toBe(250);
  });
});

describe('the fall of the announced total', () => {
  /** @param answers total, when it was asked for, when it came */
  const fall = (answers: readonly (readonly [number, number, number])[], ofEarlier?: number) => {
    const announced = new AnnouncedTotal(ofEarlier);
    for (const [total, sentAtMs, headAtMs] of answers) {
      announced.observe({ total, hasMore: true, sentAtMs, headAtMs });
    }
    return announced.fall;
  };

  test('is from the greatest to the least behind it', () => {
    const growing = [
      [300, 0, 5],
      [310, 10, 15],
    ] as const;
    expect(fall(growing)).toBeNull();
    expect(fall([...growing, [305, 20, 25], [290, 30, 35], [300, 40, 45]])).toEqual({
      from: 310,
      to: 290,
    });
  });

  test('is none between answers that were under way together', () => {
    expect(
      fall([
        [310, 0, 20],
        [300, 5, 25],
      ]),
    ).toBeNull();
  });

  test('may have happened before this process', () => {
    expect(fall([[290, 0, 5]], 300)).toEqual({ from: 300, to: 290 });
  });
});

describe('an end with rows behind it', () => {
  test.each([
    ['holds rows', 50],
    ['is empty', 0],
  ])('is asked for again where its page %s, whatever the total', (_, count) => {
    const played = new Played(TWO);
    played.answer(1, 100);
    played.answer(2, 300);
    played.answer(1, 150, { ...END, count, total: 10 });
    expect(played.notices).toEqual(['page_contradicted']);
    expect(played.written).toEqual([]);
    played.answer(1, 200);
    expect(played.written).toEqual([[1, at(200)]]);
  });

  test('is found when the rows come after it', () => {
    const played = new Played(TWO);
    played.answer(1, 100);
    played.answer(1, 150, END);
    expect(played.written).toEqual([]);
    played.answer(2, 300);
    expect(played.notices).toEqual(['page_contradicted']);
  });

  test('that earlier processes have found is none either', () => {
    const frontier = new Frontier(built, { earliestMs: at(300).ms });
    expect(frontier.order.isRowBehind(at(200))).toBe(true);
    expect(frontier.order.isRowBehind(at(300))).toBe(false);
    expect(frontier.order.isRowBehind(null)).toBe(true);
  });

  test('shows that the order does not hold when it stays so: one chain walks all', () => {
    const played = new Played(TWO);
    played.answer(1, 100);
    played.answer(2, 300);
    played.answer(2, 400, END);
    let looks = 0;
    for (; played.asks(1); looks++) played.answer(1, 150, END);
    expect({ looks, notices: played.notices }).toEqual({ looks: 8, notices: ['order_broken'] });
    expect(played.said).toContainEqual({ type: 'endSegment', segment: 1, isSuperseded: true });
    played.answer(9, 150);
    played.answer(9, 400, END);
    expect(played.outcome).toEqual({ status: 'complete' });
  });

  test('is none where its page reaches the bound', () => {
    const played = new Played(TWO);
    played.answer(1, 100);
    played.answer(2, 300);
    played.answer(1, 250, END);
    expect(played.written).toEqual([[1, at(200)]]);
  });

  test('is none where the bound lies behind the end', () => {
    const played = new Played(TWO);
    played.answer(1, 100);
    played.answer(1, 150, END);
    played.answer(2, 0, EMPTY_END);
    expect(played.written).toEqual([
      [1, at(200)],
      [2, null],
    ]);
    expect(played.outcome).toEqual({ status: 'complete' });
  });

  test('is no end for a page that is asked for again: its first answer said that there is more', () => {
    const played = new Played(TWO, built, { concurrency: 4 });
    const taskId = 1;
    const events = [{ type: 'head', taskId, head: head('to 100', at(100)) }] as const;
    played.step(events);
    const fault = { code: 'PAGE_MALFORMED', message: 'cut short', retryable: true } as const;
    played.step([failed(taskId, fault)]);
    played.answer(1, 50, { ...END, count: 50 });
    expect(played.notices).toEqual(['page_contradicted']);
    expect(played.written).toEqual([]);
  });
});
