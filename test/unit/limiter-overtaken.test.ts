/** Requests that overtake one another on their way: who has not arrived yet is counted later. */
import { expect, test } from 'vitest';
import { NO_LIMITS } from '../../src/core/limit-log.js';
import { Limiter } from '../../src/core/limiter.js';
import { limitsSaid } from '../support/limits-said.js';

const T0 = 1_800_000_000_000;
const QUOTA = 5;
const WINDOW_MS = 500;

/** Requests of a limit that is known, long after those that taught it. */
function overtaken() {
  const limiter = new Limiter({ assumed: null, nowMs: T0, log: NO_LIMITS });
  const said = (remaining: number) => limitsSaid({ quota: QUOTA, remaining, windowMs: WINDOW_MS });
  const answer = (
    request: ReturnType<Limiter['take']>,
    { sentMs, headMs, remaining }: { sentMs: number; headMs: number; remaining: number },
  ) => {
    const times = { sentAtMs: T0 + sentMs, headAtMs: T0 + headMs, dateMs: null };
    limiter.accepted(request, { ...times, observed: said(remaining) });
  };
  answer(limiter.take(T0), { sentMs: 0, headMs: 1, remaining: QUOTA - 1 });
  return { limiter, answer };
}

test('an answer that counts one says nothing of those that are still on their way', () => {
  const { limiter, answer } = overtaken();
  const [, second, third] = [10_000, 10_001, 10_002].map((ms) => limiter.take(T0 + ms));
  if (second === undefined || third === undefined) throw new Error('three requests');
  // The first is still in its worker: a machine is busy.
  answer(third, { sentMs: 10_003, headMs: 10_020, remaining: QUOTA - 1 });
  answer(second, { sentMs: 10_015, headMs: 10_030, remaining: QUOTA - 2 });
  expect(limiter.nextStartMs(T0 + 10_031)).toBeLessThanOrEqual(T0 + 10_031);
  for (const ms of [10_031, 10_032]) limiter.take(T0 + ms);
  // Five are counted, or will be.
  expect(limiter.nextStartMs(T0 + 10_033)).toBeGreaterThan(T0 + 10_000 + WINDOW_MS);
});

test('control: what had been answered before is free again when the server counts it no more', () => {
  const { limiter, answer } = overtaken();
  for (const [index, ms] of [10_000, 10_010, 10_020, 10_030, 10_040].entries()) {
    answer(limiter.take(T0 + ms), { sentMs: ms, headMs: ms + 1, remaining: QUOTA - 1 - index });
  }
  expect(limiter.nextStartMs(T0 + 10_042)).toBeGreaterThan(T0 + 10_490);
  // Its window has ended a little early: of all it counts this one alone.
  answer(limiter.take(T0 + 10_470), { sentMs: 10_470, headMs: 10_471, remaining: QUOTA - 1 });
  for (const ms of [10_472, 10_473, 10_474]) {
    expect(limiter.nextStartMs(T0 + ms)).toBeLessThanOrEqual(T0 + ms);
    limiter.take(T0 + ms);
  }
});
