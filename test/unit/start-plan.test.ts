import { expect, test } from 'vitest';
import { Limiter } from '../../src/core/limiter.js';
import { StartPlan } from '../../src/core/start-plan.js';

const T0 = 1_800_000_000_000;

/** Starts within a minute, when a save of the log takes `saveMs`. */
function startsIn(saveMs: number): number {
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
    } else if (decision.log !== null) {
      nowMs += saveMs;
      plan.saved();
    } else nowMs = decision.wakeAtMs;
  }
  return starts;
}

test.each([1, 100, 300, 2_000])('the whole quota starts when a save takes %d ms', (saveMs) => {
  expect(startsIn(saveMs)).toBe(10);
});

test('no start is permitted that is not in the saved log', () => {
  const limiter = new Limiter({ assumed: { quota: 10, windowMs: 60_000 }, nowMs: T0 });
  const plan = new StartPlan(limiter);
  const asked = plan.next(T0);
  expect(asked).toMatchObject({
    isPermitted: false,
    log: { limits: [{ startsMs: [expect.any(Number)] }] },
  });
  expect(plan.next(T0 + 1)).toMatchObject({ isPermitted: false, log: null });
  plan.saved();
  expect(plan.next(T0 + 2)).toMatchObject({ isPermitted: true });
  // The plan does not hold for ever: a start long after it would be in the log too early.
  expect(plan.next(T0 + 60_000)).toMatchObject({ isPermitted: false });
});

test('a quota that stands for "no limit" is planned in blocks that memory holds', () => {
  const limiter = new Limiter({ assumed: { quota: 2 ** 32 - 1, windowMs: 60_000 }, nowMs: T0 });
  const plan = new StartPlan(limiter);
  expect(plan.next(T0).log?.limits[0]?.startsMs).toHaveLength(1_000);
  plan.saved();
  for (let start = 0; start < 1_000; start++) {
    expect(plan.next(T0).isPermitted).toBe(true);
    limiter.take(T0);
    plan.started();
  }
  // What the saved log covers is used up: the next start waits for another save.
  expect(plan.next(T0)).toMatchObject({
    isPermitted: false,
    log: { limits: [{ startsMs: { length: 2_000 } }] },
  });
});

test('where there is no limit after all, the saved log is emptied once', () => {
  const limiter = new Limiter({ assumed: { quota: 10, windowMs: 60_000 }, nowMs: T0 });
  const plan = new StartPlan(limiter);
  plan.next(T0);
  plan.saved();
  limiter.take(T0);
  plan.started();
  limiter.forgetAssumed();
  expect(plan.next(T0 + 1)).toEqual({
    isPermitted: true,
    wakeAtMs: 0,
    log: { limits: [], pace: null, isLearned: true },
  });
  expect(plan.next(T0 + 2)).toMatchObject({ isPermitted: true, log: null });
  plan.saved();
  expect(plan.next(T0 + 3)).toMatchObject({ isPermitted: true, log: null });
});
