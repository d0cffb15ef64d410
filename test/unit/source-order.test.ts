/** What pages show of the source's order, and what becomes of cuts and bounds by it. */
import { describe, expect, test } from 'vitest';
import { Frontier } from '../../src/core/frontier.js';
import { SourceOrder } from '../../src/core/source-order.js';
import { isBehindBound, isReached, type Position } from '../../src/paging/position.js';
import { at, built, Played } from '../support/played-scheduler.js';

const place = (ms: number, id: string): Position => ({ ms, id });

describe('the order of a source', () => {
  const page = {
    after: place(50, 'b'),
    first: place(49, 'b'),
    last: place(40, 'b'),
    needsPlace: false,
  };

  test('holds as long as no instant goes up', () => {
    const order = new SourceOrder({ holds: true });
    expect(order.observe({ ...page, isDescending: true })).toBeNull();
    expect(order.holds).toBe(true);
  });

  test('breaks once where instants go up within a page', () => {
    const order = new SourceOrder({ holds: true });
    expect(order.observe({ ...page, isDescending: false })).toBe('records are not newest first');
    expect(order.observe({ ...page, isDescending: false })).toBeNull();
    expect(order.holds).toBe(false);
    expect(order.isRowBehind(place(60, 'b'))).toBe(false);
  });

  test('breaks where two pages in a row lie before their starts, one may be from a cache', () => {
    const order = new SourceOrder({ holds: true });
    const before = { ...page, first: place(60, 'b'), last: place(60, 'b'), isDescending: true };
    expect(
      [before, { ...page, isDescending: true }, before].map((one) => order.observe(one)),
    ).toEqual([null, null, null]);
    expect(order.observe(before)).toBe('pages lie before the place where they start');
  });

  test('is not broken by a page that begins too early, as a replica that lags gives it', () => {
    const order = new SourceOrder({ holds: true });
    expect(order.observe({ ...page, first: place(70, 'b'), isDescending: true })).toBeNull();
  });

  test('breaks where only a record could tell where a page ends, and none has an instant', () => {
    const untimed = { ...page, first: null, last: null, isDescending: true };
    expect(new SourceOrder({ holds: true }).observe(untimed)).toBeNull();
    const order = new SourceOrder({ holds: true });
    expect(order.observe({ ...untimed, needsPlace: true })).toBe(
      'no record of a page has an instant',
    );
  });

  test('does not hold where it is not declared', () => {
    const order = new SourceOrder({ holds: false });
    expect(order.observe({ ...page, isDescending: false })).toBeNull();
    expect(order.isBefore(place(60, 'b'), place(50, 'b'))).toBe(false);
  });
});

describe('one instant over several pages', () => {
  const answerTo = (nextPosition: Position) => ({
    nextCursor: `behind ${nextPosition.id}`,
    ...{ nextPosition, hasMore: true, expiresAtMs: Number.POSITIVE_INFINITY },
  });

  function walk(ids: readonly string[]): string[] {
    const frontier = new Frontier(built);
    frontier.add({ segment: 1, after: null, bound: null });
    return ids.map((id) => {
      const job = frontier.ready(0);
      if (job === null || !frontier.take(job, 0, 0)) throw new Error('a page is ready');
      const { type } = frontier.advance(job, answerTo(place(40, id)), 0);
      if (type === 'broken') frontier.putBack(job, 0);
      return type;
    });
  }

  test.each([
    ['descending', ['d', 'c', 'b']],
    ['ascending', ['b', 'c', 'd']],
    ['in no order', ['c', 'd', 'b']],
  ])('leads on whether its ids are %s', (_, ids) => {
    expect(walk(ids)).toEqual(['advanced', 'advanced', 'advanced']);
  });

  test('is a loop where it comes back to a row', () => {
    expect(walk(['b', 'c', 'd', 'b', 'd', 'e'])).toEqual([
      ...['advanced', 'advanced', 'advanced', 'broken', 'broken', 'advanced'],
    ]);
  });
});

describe('a bound', () => {
  const TWO = [
    { segment: 1, after: null, bound: at(200) },
    { segment: 2, after: at(200), bound: null },
  ];
  const writes = ({ said }: Played) =>
    said.flatMap((each) => (each.type === 'write' ? [each.bound] : []));

  test('leaves no row of its own instant to another segment', () => {
    const played = new Played(TWO);
    played.answer(1, 250);
    const [bound = null] = writes(played);
    expect(bound).toEqual(at(200));
    expect(isBehindBound(at(200).ms, bound)).toBe(false);
    expect(isBehindBound(at(201).ms, bound)).toBe(true);
    expect(isBehindBound(Number.NaN, bound)).toBe(false);
  });

  test('is given up once the order is broken: one chain asks for all that cursors do not lead to', () => {
    const played = new Played(TWO);
    played.answer(1, 250);
    played.answer(2, 300, { isDescending: false });
    expect(played.notices).toEqual(['order_broken']);
    const seed = { segment: 9, after: null, bound: null };
    expect(played.said).toContainEqual({ type: 'openSegment', seed });
    played.answer(9, 250);
    expect(writes(played)).toEqual([null]);
    expect(played.written).toEqual([[9, null]]);
  });

  test.each([
    ['another row of its instant, whichever', place(at(200).ms, 'b'), false],
    ['another row of its instant, whichever', place(at(200).ms, 'A'), false],
    ['its own row', at(200), true],
    ['a row behind its instant', at(201), true],
    ['a row before it', at(199), false],
  ])('at %s', (_, position, isOver) => {
    expect(isReached(position, at(200))).toBe(isOver);
  });

  test('is not set by a cut where the order is broken', () => {
    const cuts = (isDescending: boolean): boolean => {
      const played = new Played([{ segment: 1, after: null, bound: null }]);
      played.answerFarAway(1, 5, { total: 10_000, isDescending });
      return played.asks(9);
    };
    expect([true, false].map(cuts)).toEqual([true, false]);
  });
});
