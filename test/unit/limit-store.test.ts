/** What is saved of limits comes back as it was. */
import { describe, expect, test } from 'vitest';
import { type LimitLog, NO_LIMITS } from '../../src/core/limit-log.js';
import type { LimitRow } from '../../src/database/ledger-types.js';
import type { RunStore } from '../../src/database/run-store.js';
import { type Boot, readBoot } from '../../src/runtime/boot.js';
import { LimitStore } from '../../src/session/limit-store.js';

const KEY = { origin: 'http://127.0.0.1/api', bucket: 'events', keyHash: 'k' };

/** A table in memory; only what the store asks of it. */
function storeOf(
  rows: LimitRow[] = [],
  boot: () => Boot | null = () => null,
): { readonly store: LimitStore; readonly rows: LimitRow[] } {
  const runStore = {
    loadLimits: async () => rows,
    saveLimits: async (_: unknown, saved: readonly LimitRow[]) => {
      rows.splice(0, rows.length, ...saved);
    },
  } as unknown as RunStore;
  return { store: new LimitStore(runStore, KEY, boot), rows };
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

  const KNOWN = ['assumed', 'announced', 'measured'] as const;
  const COMBINED = KNOWN.flatMap((from) => [true, false].map((isLeaky) => ({ from, isLeaky })));
  test.each(COMBINED)('come back: leaky $isLeaky, $from', async ({ isLeaky, from }) => {
    const limits = [{ ...limit, isLeaky, from }];
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

describe('a clock that was set between two processes', () => {
  const saved = { name: 'a', policy: { quota: 5, windowMs: 2_000 }, isLeaky: false };

  async function startsAfter(before: Boot | null, after: Boot | null): Promise<readonly number[]> {
    const rows: LimitRow[] = [];
    const limits = [{ ...saved, startsMs: [10_000, 10_500] }];
    await storeOf(rows, () => before).store.save({ limits, pace: null, isLearned: true });
    const back = await storeOf(rows, () => after).store.load();
    return back?.limits[0]?.startsMs ?? [];
  }

  test.each([
    ['forward', 60_000, [70_000, 70_500]],
    ['back', -5_000, [5_000, 5_500]],
    ['not, but for what cannot be told', 20, [10_000, 10_500]],
  ])('%s: starts keep their age', async (_, stepMs, startsMs) => {
    const found = await startsAfter({ id: 'x', atMs: 1_000 }, { id: 'x', atMs: 1_000 + stepMs });
    expect(found).toEqual(startsMs);
  });

  test('is not known after a restart of the machine, nor where that has no name', async () => {
    const boot = { id: 'x', atMs: 1_000 };
    expect(await startsAfter(boot, { id: 'y', atMs: 90_000 })).toEqual([10_000, 10_500]);
    expect(await startsAfter(boot, null)).toEqual([10_000, 10_500]);
    expect(await startsAfter(null, boot)).toEqual([10_000, 10_500]);
  });

  test('the start of this machine stands still', () => {
    const [one, other] = [readBoot(), readBoot()];
    expect(other?.id).toBe(one?.id);
    expect(Math.abs((other?.atMs ?? 0) - (one?.atMs ?? 0))).toBeLessThan(50);
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
