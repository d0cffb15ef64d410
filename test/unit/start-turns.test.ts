import { expect, test } from 'vitest';
import { CreditPool } from '../../src/core/credit-pool.js';
import { Slots } from '../../src/core/slots.js';
import { ALONE } from '../../src/core/start-reservation.js';
import { StartTurns } from '../../src/core/start-turns.js';
import { limiterOf, NOW_MS } from '../support/stepped-scheduler.js';

const ANSWER = { sentAtMs: NOW_MS, headAtMs: NOW_MS, dateMs: null, observed: null };
const LEARNED = { limits: [], pace: null, isLearned: true };

/** Streams over one limiter, of which a request was answered already; those that were woken. */
function streamsOver(turns: StartTurns, names: readonly string[]) {
  const woken: string[] = [];
  const members = names.map((name) => turns.join(() => woken.push(name)));
  const [first] = members;
  if (first === undefined) throw new Error('a stream joins');
  first.next(NOW_MS);
  first.accepted(first.take(NOW_MS), ANSWER);
  woken.length = 0;
  return { members, woken };
}

const unlimited = () => limiterOf(null, LEARNED);

test('a stream that has started goes behind all that want a start, and they are woken in turn', () => {
  const { members, woken } = streamsOver(new StartTurns(unlimited()), ['a', 'b', 'c']);
  const [a, b, c] = members;
  expect(a?.next(NOW_MS).isPermitted).toBe(true);
  expect(b?.next(NOW_MS)).toMatchObject({ isPermitted: false, wakeAtMs: Infinity });
  expect(c?.next(NOW_MS).isPermitted).toBe(false);
  a?.take(NOW_MS);
  expect(woken).toEqual(['b']);
  expect(a?.next(NOW_MS).isPermitted).toBe(false);
  expect(b?.next(NOW_MS).isPermitted).toBe(true);
  b?.take(NOW_MS);
  expect(woken).toEqual(['b', 'c']);
  c?.withdraw();
  expect(woken).toEqual(['b', 'c', 'a']);
  expect(a?.next(NOW_MS).isPermitted).toBe(true);
});

test('the first request of all streams goes alone, and its answer wakes the next', () => {
  const woken: string[] = [];
  const turns = new StartTurns(limiterOf(null));
  const [a, b] = ['a', 'b'].map((name) => turns.join(() => woken.push(name)));
  a?.next(NOW_MS);
  const start = a?.take(NOW_MS);
  expect(b?.next(NOW_MS)).toMatchObject({ isPermitted: false, waitsFor: 'answer' });
  if (start !== undefined) a?.failed(start, { ...ANSWER, headAtMs: null }, false);
  expect(woken).toEqual(['b']);
  expect(b?.next(NOW_MS).isPermitted).toBe(true);
});

test('who has no slot of its own lets others go before it, and keeps its place', () => {
  const one = { slots: [new Slots(1)], without: new Set<string>() };
  const turns = new StartTurns(unlimited());
  const { members } = streamsOver(turns, ['a', 'b']);
  const [a, b] = members;
  const narrow = turns.join(() => {}, one);
  narrow.next(NOW_MS);
  const start = narrow.take(NOW_MS);
  expect(narrow.next(NOW_MS)).toMatchObject({ isPermitted: false, waitsFor: 'slot' });
  expect(a?.next(NOW_MS).isPermitted).toBe(true);
  a?.take(NOW_MS);
  b?.next(NOW_MS);
  narrow.accepted(start, ANSWER);
  expect(narrow.next(NOW_MS).isPermitted).toBe(true);
  expect(b?.next(NOW_MS).isPermitted).toBe(false);
});

test('a limit of one path holds only the streams of that path', () => {
  const narrow = { name: 'narrow', policy: { quota: 1, windowMs: 60_000 }, isLeaky: false };
  const wide = { name: 'wide', policy: { quota: 10, windowMs: 1_000 }, isLeaky: false };
  const limits = [narrow, wide].map((limit) => ({ ...limit, startsMs: [] }));
  const limiter = limiterOf(null, { limits, pace: null, isLearned: true });
  const turns = new StartTurns(limiter, new Set(['narrow']));
  const woken: string[] = [];
  const search = turns.join(() => woken.push('search'));
  const items = turns.join(() => woken.push('items'), { slots: [], without: new Set(['narrow']) });
  expect(items.policy).toEqual(wide.policy);
  search.next(NOW_MS);
  turns.reserved(ALONE);
  search.accepted(search.take(NOW_MS), ANSWER);
  items.next(NOW_MS);
  woken.length = 0;
  const held = search.next(NOW_MS + 1);
  expect(held.isPermitted).toBe(false);
  expect(held.wakeAtMs).toBeGreaterThan(NOW_MS + 59_000);
  expect(items.nextStartMs(NOW_MS + 1)).toBeLessThanOrEqual(NOW_MS + 1);
  turns.reserved(ALONE);
  expect(woken).toContain('items');
  expect(items.next(NOW_MS + 1).isPermitted).toBe(true);
});

test('a reservation serves whoever has the turn, though the stream that asked is gone', () => {
  const turns = new StartTurns(
    limiterOf({ quota: 10, windowMs: 1_000 }, { ...LEARNED, isLearned: false }),
  );
  const woken: string[] = [];
  const [a, b] = ['a', 'b'].map((name) => turns.join(() => woken.push(name)));
  expect(a?.next(NOW_MS).request?.count).toBeGreaterThan(0);
  b?.next(NOW_MS);
  a?.withdraw();
  turns.reserved(ALONE);
  expect(woken).toEqual(['b', 'b']);
  expect(b?.next(NOW_MS).isPermitted).toBe(true);
  expect(turns.giveBack(NOW_MS)).toMatchObject({ count: 0 });
  expect(b?.next(NOW_MS).isPermitted).toBe(false);
});

test('the bytes of a process are divided among the streams that are under way', () => {
  const pool = new CreditPool(900);
  const first = pool.join(10);
  expect(first.bytesMax).toBe(900);
  const second = pool.join(10);
  const third = pool.join(10);
  expect([first.bytesMax, second.bytesMax, third.bytesMax]).toEqual([300, 300, 300]);
  pool.leave(second);
  expect([first.bytesMax, third.bytesMax]).toEqual([450, 450]);
});
