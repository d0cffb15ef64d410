/** A member gives no number of a segment that may be another's. */
import { expect, test } from 'vitest';
import { NUMBERS_OF_MEMBER, numbersForTaken } from '../../src/core/member-numbers.js';
import type { SegmentStore } from '../../src/database/segment-store.js';
import { withOwnNumbers } from '../../src/session/members/own-numbers.js';

const FIRST = 3 * NUMBERS_OF_MEMBER;
const MIDDLE = FIRST + NUMBERS_OF_MEMBER / 2;
const HOLDER = { run: 1, epoch: 4 };
const AT = { ms: 5, id: 'a' };

/** A member whose first number is `FIRST`, and the numbers that reached the ledger. */
function member() {
  const given: number[] = [];
  const ledger: Pick<SegmentStore, 'open' | 'split' | 'divide'> = {
    open: async (_, segments) => void given.push(...segments.map(({ segment }) => segment)),
    split: async (_holder, _segment, _at, newSegment) => void given.push(newSegment),
    divide: async (_, { others }) => void given.push(...others.map(({ segment }) => segment)),
  };
  return { given, segments: withOwnNumbers(ledger as SegmentStore, FIRST) };
}

const whole = (segment: number) => ({ segment, after: null, bound: null });
const divided = (other: number) => ({ segment: 1, kept: null, others: [whole(other)] });

test.each([
  ['opens', MIDDLE - 1, MIDDLE, (s: SegmentStore, n: number) => s.open(HOLDER, [whole(n)])],
  ['cuts', MIDDLE - 1, MIDDLE, (s: SegmentStore, n: number) => s.split(HOLDER, 1, AT, n)],
  [
    'divides',
    FIRST + NUMBERS_OF_MEMBER - 1,
    FIRST + NUMBERS_OF_MEMBER,
    (s: SegmentStore, n: number) => s.divide(HOLDER, divided(n)),
  ],
])(
  'what it %s has the last of its numbers, and with the next it joins again',
  async (_, last, next, give) => {
    const { given, segments } = member();
    await give(segments, last);
    await expect(give(segments, next)).rejects.toMatchObject({ fault: { code: 'LEASE_LOST' } });
    expect(given).toEqual([last]);
  },
);

test('what it takes is numbered behind all that it opens', () => {
  const next = numbersForTaken(FIRST);
  expect([next(), next()]).toEqual([MIDDLE, MIDDLE + 1]);
});
