/** What is saved of limits comes back as it was. */
import { describe, expect, test } from 'vitest';
import { LimitStore } from '../../src/cli/limit-store.js';
import { type LimitLog, NO_LIMITS } from '../../src/core/limit-log.js';
import type { LimitRow } from '../../src/database/ledger-types.js';
import type { RunStore } from '../../src/database/run-store.js';

const KEY = { origin: 'http://127.0.0.1/api', bucket: 'events', keyHash: 'k' };

/** A table in memory; only what the store asks of it. */
function storeOf(rows: LimitRow[] = []): { readonly store: LimitStore; readonly rows: LimitRow[] } {
  const runStore = {
    loadLimits: async () => rows,
    saveLimits: async (_: unknown, saved: readonly LimitRow[]) => {
      rows.splice(0, rows.length, ...saved);
    },
  } as unknown as RunStore;
  return { store: new LimitStore(runStore, KEY), rows };
}

async function backFrom(log: LimitLog): Promise<LimitLog | null> {
  const { store } = storeOf();
  await store.save(log);
  return store.load();
}

describe('limits', () => {
  const limit = {
    name: 'a/b',
    policy: { quota: 5, windowMs: 2_000 },
    startsMs: [1_000, 1_000, 1_500],
  };

  test.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])('come back: leaky %s, assumed %s', async (isLeaky, isAssumed) => {
    const limits = [{ ...limit, isLeaky, isAssumed }];
    expect(await backFrom({ limits, pace: null, isLearned: true })).toMatchObject({ limits });
  });

  test('a window is rounded up to whole milliseconds: a longer one overshoots nothing', async () => {
    const limits = [{ ...limit, isLeaky: false, policy: { quota: 5, windowMs: 1_773.2 } }];
    const back = await backFrom({ limits, pace: null, isLearned: true });
    expect(back?.limits[0]?.policy).toEqual({ quota: 5, windowMs: 1_774 });
  });

  test('nothing saved is null', async () => {
    expect(await backFrom(NO_LIMITS)).toBeNull();
  });
});

describe('a pace', () => {
  test.each([
    { quota: 1, windowMs: 1.02 },
    { quota: 5, windowMs: 1_020 },
    { quota: 3, windowMs: 0.1 },
  ])('comes back within 0.1 %%: %j', async (pace) => {
    const back = await backFrom({ limits: [], pace, isLearned: true });
    const { quota = 0, windowMs = 0 } = back?.pace ?? {};
    const ratio = windowMs / quota / (pace.windowMs / pace.quota);
    expect(ratio).toBeGreaterThanOrEqual(1);
    expect(ratio).toBeLessThan(1.001);
    expect(back?.isLearned).toBe(true);
  });

  test('its row has a start, which tells the key that was used last', async () => {
    const { store, rows } = storeOf();
    await store.save({ limits: [], pace: { quota: 5, windowMs: 1_000 }, isLearned: true });
    expect(rows[0]?.startedAtMs[0]).toBeGreaterThan(Date.now() - 60_000);
  });
});
