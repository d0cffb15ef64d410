import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TokenBucket } from '../../src/core/token-bucket.js';
import { fullestWindow } from '../support/windows.js';

const T0 = 1_800_000_000_000;
const MINUTE = { quota: 10, windowMs: 60_000 };

describe('token bucket', () => {
  test('the whole quota may start at once, and the next start waits for the first token', () => {
    const bucket = new TokenBucket({ policy: MINUTE });
    for (let start = 0; start < 10; start++) bucket.take(T0);
    expect(bucket.tokensAt(T0)).toBe(0);
    const nextMs = bucket.nextStartMs(T0);
    expect(nextMs).toBeGreaterThan(T0 + 60_000);
    expect(nextMs).toBeLessThan(T0 + 60_000 * 1.01);
    expect(bucket.tokensAt(nextMs)).toBe(10);
  });

  test('a token comes back one window after its own start, not at a steady rate', () => {
    const bucket = new TokenBucket({ policy: { quota: 2, windowMs: 1000 } });
    bucket.take(T0);
    bucket.take(T0 + 900);
    expect(bucket.nextStartMs(T0 + 901)).toBeLessThan(T0 + 1010);
    bucket.take(T0 + 1010);
    expect(bucket.nextStartMs(T0 + 1011)).toBeGreaterThan(T0 + 1900);
  });

  test('property: starts whenever permitted never exceed the quota in any window', () => {
    const policy = fc.record({
      quota: fc.integer({ min: 1, max: 30 }),
      windowMs: fc.integer({ min: 100, max: 60_000 }),
    });
    const waits = fc.array(fc.double({ min: 0, max: 20_000, noNaN: true }), { maxLength: 200 });
    fc.assert(
      fc.property(policy, waits, (limit, pauses) => {
        const bucket = new TokenBucket({ policy: limit });
        const starts: number[] = [];
        let nowMs = T0;
        for (const pauseMs of pauses) {
          nowMs = Math.max(nowMs + pauseMs / limit.quota, bucket.nextStartMs(nowMs));
          bucket.take(nowMs);
          starts.push(nowMs);
        }
        expect(fullestWindow(starts, limit.windowMs)).toBeLessThanOrEqual(limit.quota);
      }),
    );
  });

  test('property: waiting until the promised instant always yields a token', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5000), { maxLength: 100 }), (pauses) => {
        const bucket = new TokenBucket({ policy: { quota: 3, windowMs: 1000 } });
        let nowMs = T0;
        for (const pauseMs of pauses) {
          nowMs = Math.max(nowMs + pauseMs, bucket.nextStartMs(nowMs));
          expect(bucket.tokensAt(nowMs)).toBeGreaterThan(0);
          bucket.take(nowMs);
        }
      }),
    );
  });

  test('a request whose answer came late holds its token longer, for it may have arrived late', () => {
    const bucket = new TokenBucket({ policy: { quota: 2, windowMs: 10_000 } });
    bucket.take(T0);
    bucket.take(T0 + 1);
    bucket.settle(T0, T0, T0 + 120);
    bucket.settle(T0 + 1, T0 + 1, T0 + 21);
    // The first was a hundred milliseconds slower than the second: it may have arrived that late.
    const nextMs = bucket.nextStartMs(T0 + 200);
    expect(nextMs).toBeGreaterThanOrEqual(T0 + 10_000 + 20);
    expect(nextMs).toBeLessThan(T0 + 10_000 + 130);
  });

  test.each([
    [10, 8],
    [20, 20],
  ])(
    'a burst of %i that a busy server counts one each %i ms is not overtaken by the next',
    (quota, turnMs) => {
      const windowMs = 2_000;
      const bucket = new TokenBucket({ policy: { quota, windowMs } });
      const startsMs = Array.from({ length: quota }, (_, start) => T0 + start / 100);
      for (const startMs of startsMs) bucket.take(startMs);
      const countedMs = startsMs.map((startMs, start) => startMs + start * turnMs);
      for (const [start, atMs] of countedMs.entries()) {
        const leftMs = T0 + start / 100;
        bucket.settle(leftMs, leftMs, atMs + turnMs);
      }
      const comingMs = bucket.comingStartsMs(T0 + 500, quota);
      for (const [start, atMs] of countedMs.entries()) {
        expect(comingMs[start]).toBeGreaterThan(atMs + windowMs);
      }
      expect(comingMs.at(-1)).toBeLessThan((countedMs.at(-1) ?? 0) + windowMs * 1.02);
    },
  );

  test('late answers cost no more than the allowance in the long run', () => {
    const bucket = new TokenBucket({ policy: { quota: 1, windowMs: 1000 } });
    let nowMs = T0;
    for (let start = 0; start < 200; start++) {
      nowMs = Math.max(nowMs, bucket.nextStartMs(nowMs));
      bucket.take(nowMs);
      bucket.settle(nowMs, nowMs, nowMs + (start % 2 === 0 ? 1 : 500));
    }
    expect((200 * 1000) / (nowMs - T0)).toBeGreaterThan(0.99);
  });

  test('the starts of an earlier process hold back those of this one', () => {
    const startsMs = Array.from({ length: 10 }, (_, index) => T0 + index);
    const bucket = new TokenBucket({ policy: MINUTE, startsMs });
    expect(bucket.nextStartMs(T0 + 100)).toBeGreaterThan(T0 + 60_000);
  });

  test('what is kept back is not used, and at least one request always is', () => {
    const half = new TokenBucket({ policy: MINUTE, reserve: 5 });
    expect(half.tokensAt(T0)).toBe(5);
    const all = new TokenBucket({ policy: MINUTE, reserve: 50 });
    expect(all.tokensAt(T0)).toBe(1);
  });

  test('control: a steady refill in place of the log would be noticed', () => {
    // Ten at once, then one every six seconds: what a classic bucket lets through.
    const starts = [
      ...Array(10).fill(T0),
      ...Array.from({ length: 10 }, (_, n) => T0 + 6000 * (n + 1)),
    ];
    expect(fullestWindow(starts, 60_000)).toBeGreaterThan(10);
  });
});

describe('starts of other processes', () => {
  test('property: hold a token as long as our own would, in whatever order they come', () => {
    const start = fc.record({ atMs: fc.integer({ min: -3_000, max: 400 }), isOther: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(start, { maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        (all, quota) => {
          const policy = { quota, windowMs: 2_000 };
          const sorted = all.map(({ atMs, ...one }) => ({ atMs: T0 + atMs, ...one }));
          sorted.sort((a, b) => a.atMs - b.atMs);
          const startsMs = (isOther: boolean) =>
            sorted.filter((one) => one.isOther === isOther).map(({ atMs }) => atMs);
          const shared = new TokenBucket({ policy, startsMs: startsMs(false) });
          shared.others = startsMs(true);
          const alone = new TokenBucket({ policy, startsMs: sorted.map(({ atMs }) => atMs) });
          expect(Math.max(T0, shared.nextStartMs(T0))).toBe(Math.max(T0, alone.nextStartMs(T0)));
          expect(shared.tokensAt(T0)).toBe(alone.tokensAt(T0));
          expect(shared.startsIn(T0)).toBe(alone.startsIn(T0));
          expect(shared.comingStartsMs(T0, 9)).toEqual(alone.comingStartsMs(T0, 9));
        },
      ),
    );
  });

  test('are replaced by what is known later, and are not saved as ours', () => {
    const bucket = new TokenBucket({ policy: { quota: 2, windowMs: 1_000 }, startsMs: [T0] });
    bucket.others = [T0 + 5, T0 + 250];
    expect(bucket.nextStartMs(T0 + 10)).toBeGreaterThan(T0 + 1_005);
    bucket.others = [];
    expect(bucket.nextStartMs(T0 + 10)).toBe(0);
    bucket.others = [T0 + 5];
    expect(bucket.startsMs(T0 + 10)).toEqual([T0]);
    expect(bucket.othersIn(T0 + 10)).toBe(1);
  });

  test('leave what is free of the quota at an instant to come to be shared', () => {
    const bucket = new TokenBucket({
      policy: { quota: 4, windowMs: 1_000 },
      startsMs: [T0, T0 + 500],
    });
    bucket.others = [T0, T0];
    expect(bucket.freeAt(T0 + 600)).toBe(2);
    expect(bucket.freeAt(T0 + 1_100)).toBe(3);
  });

  test('stay, as do ours that are on their way, where an answer tells that earlier ones have left', () => {
    const policy = { quota: 4, windowMs: 1_000 };
    const bucket = new TokenBucket({ policy, startsMs: [T0 - 900] });
    bucket.take(T0 - 800);
    bucket.others = [T0 - 950];
    bucket.forgetBefore(T0 - 100, T0 - 100);
    expect(bucket.startsMs(T0)).toEqual([T0 - 800]);
    expect(bucket.othersIn(T0)).toBe(1);
    expect(bucket.tokensAt(T0)).toBe(2);
  });

  test('are remembered for a minute: whoever made them may start again', () => {
    const bucket = new TokenBucket({ policy: { quota: 4, windowMs: 1_000 } });
    expect(bucket.oldestOtherMs(T0)).toBeNull();
    bucket.others = [T0 - 300, T0 - 100];
    expect(bucket.oldestOtherMs(T0)).toBe(T0 - 300);
    bucket.others = [];
    expect(bucket.oldestOtherMs(T0 + 30_000)).toBe(T0 - 100);
    expect(bucket.oldestOtherMs(T0 + 62_000)).toBeNull();
  });
});
