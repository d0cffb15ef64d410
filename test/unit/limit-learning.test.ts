import { describe, expect, test } from 'vitest';
import type { LimitObservation } from '../../src/core/limit-headers.js';
import { LimitLearning } from '../../src/core/limit-learning.js';
import { TokenBucket } from '../../src/core/token-bucket.js';

const T0 = 1_800_000_000_000;

function said(known: Partial<LimitObservation>): LimitObservation {
  return {
    quota: null,
    remaining: null,
    resetMs: null,
    windowMs: null,
    retryAfterMs: null,
    ...known,
  };
}

/** `ownStarts` of ours are in the window, the oldest of them `ageMs` old. */
function observe(
  learning: LimitLearning,
  observed: LimitObservation | null,
  sentAtMs: number,
  ownStarts: number,
  inFlight: number,
  ageMs = 100_000,
): void {
  const own = { count: ownStarts, oldestMs: sentAtMs - ageMs };
  learning.observe(observed, sentAtMs, own, inFlight);
}

function learner() {
  const bucket = new TokenBucket({ policy: { quota: 10, windowMs: 60_000 } });
  return { bucket, learning: new LimitLearning(bucket) };
}

describe('learning a limit from answers', () => {
  test('the only request in the log shows the whole window', () => {
    const { bucket, learning } = learner();
    observe(learning, said({ quota: 20, remaining: 19, resetMs: 2000 }), T0, 1, 0);
    expect(bucket.policy).toEqual({ quota: 20, windowMs: 2000 });
  });

  test('a part of a window never makes the known one shorter', () => {
    const { bucket, learning } = learner();
    observe(learning, said({ quota: 10, remaining: 4, resetMs: 3000 }), T0, 6, 0);
    expect(bucket.policy).toEqual({ quota: 10, windowMs: 60_000 });
  });

  test('a window that was never seen whole is at most as long as our oldest start allows', () => {
    const startsMs = [T0 - 1500, T0 - 700, T0 - 600];
    const bucket = new TokenBucket({
      policy: { quota: 10, windowMs: 60_000 },
      log: { policy: null, startsMs },
    });
    bucket.take(T0);
    const learning = new LimitLearning(bucket);
    observe(learning, said({ quota: 20, remaining: 17, resetMs: 2000 }), T0, 4, 0, 1500);
    expect(bucket.policy).toEqual({ quota: 20, windowMs: 3800 });
    observe(learning, said({ quota: 20, remaining: 19, resetMs: 2000 }), T0 + 9000, 1, 0);
    expect(bucket.policy).toEqual({ quota: 20, windowMs: 2000 });
  });

  test('and stays as it is assumed while others are in the log: their starts are unknown', () => {
    const { bucket, learning } = learner();
    bucket.take(T0);
    observe(learning, said({ quota: 10, remaining: 7, resetMs: 12_000 }), T0, 1, 0);
    expect(bucket.policy).toEqual({ quota: 10, windowMs: 60_000 });
  });

  test('a dialect that says the window is believed', () => {
    const { bucket, learning } = learner();
    observe(
      learning,
      said({ quota: 100, remaining: 4, resetMs: 3000, windowMs: 10_000 }),
      T0,
      6,
      0,
    );
    expect(bucket.policy).toEqual({ quota: 100, windowMs: 10_000 });
  });

  test('one answer without headers is an absence, three and none before are no limit', () => {
    const { bucket, learning } = learner();
    observe(learning, null, T0, 1, 0);
    observe(learning, null, T0, 2, 0);
    expect(bucket.policy).not.toBeNull();
    observe(learning, null, T0, 3, 0);
    expect(bucket.policy).toBeNull();
  });

  test('answers that lack the headers do not undo what one has said', () => {
    const { bucket, learning } = learner();
    observe(learning, said({ quota: 10, remaining: 9, resetMs: 60_000 }), T0, 1, 0);
    for (let answer = 0; answer < 10; answer++) observe(learning, null, T0, 2, 0);
    expect(bucket.policy).toEqual({ quota: 10, windowMs: 60_000 });
  });

  test('a limit that appears late is obeyed from then on', () => {
    const { bucket, learning } = learner();
    for (let answer = 0; answer < 3; answer++) observe(learning, null, T0, answer, 0);
    observe(learning, said({ quota: 5, remaining: 4, resetMs: 1000 }), T0, 0, 0);
    expect(bucket.policy).toEqual({ quota: 5, windowMs: 1000 });
  });

  test('another client is noticed when remaining falls faster than our own use, twice in a row', () => {
    const { bucket, learning } = learner();
    observe(learning, said({ quota: 10, remaining: 5, resetMs: 50_000 }), T0, 2, 0);
    expect(bucket.tokensAt(T0)).toBe(10);
    observe(learning, said({ quota: 10, remaining: 4, resetMs: 50_000 }), T0, 3, 0);
    expect(bucket.tokensAt(T0)).toBe(7);
  });

  test('and forgotten once the numbers agree again', () => {
    const { bucket, learning } = learner();
    for (const ownStarts of [2, 3]) {
      observe(
        learning,
        said({ quota: 10, remaining: 10 - ownStarts - 3, resetMs: 50_000 }),
        T0,
        ownStarts,
        0,
      );
    }
    observe(learning, said({ quota: 10, remaining: 6, resetMs: 50_000 }), T0, 4, 0);
    expect(bucket.tokensAt(T0)).toBe(10);
  });

  test('requests in flight explain a difference: heads may come out of order', () => {
    const { bucket, learning } = learner();
    for (let answer = 0; answer < 5; answer++) {
      observe(learning, said({ quota: 10, remaining: 5, resetMs: 50_000 }), T0, 3, 2);
    }
    expect(bucket.tokensAt(T0)).toBe(10);
  });
});
