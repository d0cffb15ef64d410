import { expect, test } from 'vitest';
import { Limiter } from '../../src/core/limiter.js';
import { StartPlan } from '../../src/core/start-plan.js';
import { ALONE, type StartAnswer } from '../../src/core/start-reservation.js';

const T0 = 1_800_000_000_000;

/** Starts within a minute, when a reservation takes `reserveMs`. */
function startsIn(reserveMs: number): number {
  const limiter = new Limiter({ assumed: { quota: 10, windowMs: 60_000 }, nowMs: T0 });
  const plan = new StartPlan(limiter);
  let nowMs = T0;
  let starts = 0;
  for (let turn = 0; turn < 1000 && nowMs < T0 + 59_000; turn++) {
    const decision = plan.next(nowMs);
    if (decision.isPermitted) {
      limiter.take(nowMs);
      plan.started();
      starts++;
    } else if (decision.request !== null) {
      nowMs += reserveMs;
      plan.reserved(ALONE);
    } else nowMs = decision.wakeAtMs;
  }
  return starts;
}

test.each([1, 100, 300, 2_000])(
  'the whole quota starts when a reservation takes %d ms',
  (reserveMs) => {
    expect(startsIn(reserveMs)).toBe(10);
  },
);

test('no start is permitted that is not reserved', () => {
  const limiter = new Limiter({ assumed: { quota: 10, windowMs: 60_000 }, nowMs: T0 });
  const plan = new StartPlan(limiter);
  const asked = plan.next(T0);
  expect(asked).toMatchObject({
    isPermitted: false,
    request: { count: 1, untilMs: T0 + 250, shares: [{ free: 10, spanMs: 60_000 }] },
  });
  expect(plan.next(T0 + 1)).toMatchObject({ isPermitted: false, request: null });
  plan.reserved(ALONE);
  expect(plan.next(T0 + 2)).toMatchObject({ isPermitted: true });
  // The plan does not hold for ever: a start long after it would be in the log too early.
  expect(plan.next(T0 + 60_000)).toMatchObject({ isPermitted: false });
});

test('a quota that stands for "no limit" is planned in blocks that memory holds', () => {
  const limiter = new Limiter({ assumed: { quota: 2 ** 32 - 1, windowMs: 60_000 }, nowMs: T0 });
  const plan = new StartPlan(limiter);
  expect(plan.next(T0).request?.count).toBe(1_000);
  plan.reserved(ALONE);
  for (let start = 0; start < 1_000; start++) {
    expect(plan.next(T0).isPermitted).toBe(true);
    limiter.take(T0);
    plan.started();
  }
  // What is reserved is used up: the next start waits for another reservation.
  expect(plan.next(T0)).toMatchObject({
    isPermitted: false,
    request: { count: 1_000, log: { limits: [{ startsMs: { length: 1_000 } }] } },
  });
});

test('where there is no limit after all, the saved log is emptied once', () => {
  const limiter = new Limiter({ assumed: { quota: 10, windowMs: 60_000 }, nowMs: T0 });
  const plan = new StartPlan(limiter);
  plan.next(T0);
  plan.reserved(ALONE);
  limiter.take(T0);
  plan.started();
  limiter.forgetAssumed();
  expect(plan.next(T0 + 1)).toEqual({
    isPermitted: true,
    wakeAtMs: 0,
    request: {
      log: { limits: [], pace: null, isLearned: true, isSeen: true },
      ...{ count: 0, untilMs: T0 + 1, shares: [] },
    },
  });
  expect(plan.next(T0 + 2)).toMatchObject({ isPermitted: true, request: null });
  plan.reserved(ALONE);
  expect(plan.next(T0 + 3)).toMatchObject({ isPermitted: true, request: null });
});

/** What is answered to the first request of a process. */
function after(answer: StartAnswer, policy = { quota: 10, windowMs: 2_000 }) {
  const limiter = new Limiter({ assumed: policy, nowMs: T0 });
  const plan = new StartPlan(limiter);
  plan.next(T0);
  plan.reserved(answer);
  return { limiter, plan };
}

/** So many starts of others at an instant. */
function others(count: number, atMs: number): StartAnswer['others'] {
  return new Map([['assumed', Array.from({ length: count }, () => atMs)]]);
}

test('what others have taken is waited for, and asked for just ahead of its return', () => {
  const { limiter, plan } = after({ granted: 0, others: others(10, T0 - 500) });
  const returnsAtMs = limiter.nextStartMs(T0 + 1);
  expect(returnsAtMs - T0).toBeGreaterThanOrEqual(1_500);
  expect(returnsAtMs - T0).toBeLessThan(1_520);
  // Until then it looks whether others have learned what is only assumed.
  expect(plan.next(T0 + 1)).toMatchObject({ isPermitted: false, request: null });
  expect(plan.next(returnsAtMs - 150)).toMatchObject({ request: { count: 2 } });
});

test('who waits for a limit that is only assumed looks whether others have learned it, and takes it over', () => {
  const { limiter, plan } = after({ granted: 0, others: others(10, T0 - 500) });
  expect(plan.next(T0 + 1).wakeAtMs).toBe(T0 + 500);
  const look = plan.next(T0 + 500);
  expect(look.request).toMatchObject({ count: 0 });
  const learned = {
    ...{ pace: null, isLearned: true },
    limits: [
      {
        ...{ name: 'x', policy: { quota: 100, windowMs: 1_000 }, isLeaky: false },
        startsMs: [T0 - 500],
      },
    ],
  };
  plan.reserved({ granted: 0, others: others(10, T0 - 500), learned });
  expect(limiter.policy).toEqual({ quota: 100, windowMs: 1_000 });
  expect(limiter.isLearned).toBe(true);
  expect(limiter.nextStartMs(T0 + 501)).toBeLessThanOrEqual(T0 + 501);
  // What an answer has told this process is not replaced.
  limiter.learn({ ...learned, limits: [] }, T0 + 501);
  expect(limiter.policy).toEqual({ quota: 100, windowMs: 1_000 });
});

test('fewer than were asked for are granted: then it asks anew', () => {
  const { limiter, plan } = after({ granted: 1, others: others(8, T0) });
  expect(plan.next(T0).isPermitted).toBe(true);
  limiter.take(T0);
  plan.started();
  expect(plan.next(T0)).toMatchObject({
    isPermitted: false,
    request: { count: 2, shares: [{ free: 9 }] },
  });
});

test('nothing granted, though the log knows no reason: it asks again after a while, not at once', () => {
  const { plan } = after({ granted: 0, others: new Map() });
  expect(plan.next(T0 + 1)).toEqual({ isPermitted: false, wakeAtMs: T0 + 250, request: null });
  expect(plan.next(T0 + 250).request).not.toBeNull();
});

test('starts of others that are only planned hold a token until their plan ends', () => {
  const { limiter } = after({ granted: 1, others: others(10, T0 + 250) });
  expect(limiter.nextStartMs(T0 + 100)).toBeGreaterThanOrEqual(T0 + 2_250);
  // Its process gave them back.
  limiter.others = others(3, T0);
  expect(limiter.nextStartMs(T0 + 100)).toBe(0);
});
