/** What is saved of limits comes back as it was, by the clock of whoever asks. */
import { describe, expect, test } from 'vitest';
import { type LimitLog, NO_LIMITS } from '../../src/core/limit-log.js';
import { type StartAnswer, withoutPlan } from '../../src/core/start-reservation.js';
import type { OwnedLimitRow, StartsGranted } from '../../src/database/ledger-types.js';
import { type Boot, readBoot } from '../../src/runtime/boot.js';
import { LimitStore } from '../../src/session/limit-store.js';

const KEY = { origin: 'http://127.0.0.1/api', bucket: 'events', keyHash: 'k' };
const T0 = 1_800_000_000_000;

interface Server {
  rows: OwnedLimitRow[];
  /** Its clock less that of the process. */
  aheadMs: number;
  others: StartsGranted['others'];
}

function server(changes: Partial<Server> = {}): Server {
  return { rows: [], aheadMs: 0, others: {}, ...changes };
}

interface Process {
  readonly boot?: Boot | null;
  /** By its own clock. */
  readonly nowMs?: number;
  readonly work?: string;
}

/** A process before a table in memory, which answers at once. */
function processOf(table: Server, { boot = null, nowMs = T0, work = 'datasync' }: Process = {}) {
  const store = new LimitStore({
    ...{ key: KEY, work, boot: () => boot, nowMs: () => nowMs },
    store: {
      loadLimits: async () => ({ nowMs: nowMs + table.aheadMs, rows: table.rows }),
      reserveStarts: async (_, { owner, heirOf, boot: machine, limits, count }) => {
        const kept = table.rows.filter((row) => row.owner !== owner && !heirOf.includes(row.owner));
        const known = { owner, boot: machine?.id ?? null, bootAtMs: machine?.atMs ?? null };
        table.rows = [...kept, ...limits.map((row) => ({ ...row, ...known }))];
        return { granted: count, nowMs: nowMs + table.aheadMs, others: table.others };
      },
    },
  });
  const save = (log: LimitLog): Promise<StartAnswer> => store.reserve(withoutPlan(log, nowMs));
  return { store, save, load: () => store.load() };
}

async function backFrom(log: LimitLog): Promise<LimitLog | null> {
  const table = server();
  await processOf(table).save(log);
  return processOf(table).load();
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
    // The server is on the same machine: its clock is set with that of the process.
    const table = server();
    const limits = [{ ...saved, startsMs: [10_000, 10_500] }];
    await processOf(table, { boot: before }).save({ limits, pace: null, isLearned: true });
    const back = await processOf(table, { boot: after }).load();
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

  test('of a server elsewhere it tells nothing: its own clock was not set', async () => {
    const table = server({ aheadMs: 7_000 });
    const limits = [{ ...saved, startsMs: [T0 - 500] }];
    const before = processOf(table, { boot: { id: 'x', atMs: T0 - 90_000 } });
    await before.save({ limits, pace: null, isLearned: true });
    expect(table.rows[0]).toMatchObject({ startedAtMs: [T0 + 6_500], bootAtMs: T0 - 83_000 });
    // Our clock is set forward by a minute, so that the server's is as much less ahead of it.
    table.aheadMs -= 60_000;
    const boot = { id: 'x', atMs: T0 - 90_000 + 60_000 };
    const back = await processOf(table, { boot, nowMs: T0 + 60_000 }).load();
    expect(back?.limits[0]?.startsMs).toEqual([T0 + 60_000 - 500]);
  });

  test('the start of this machine stands still', () => {
    const [one, other] = [readBoot(), readBoot()];
    expect(other?.id).toBe(one?.id);
    expect(Math.abs((other?.atMs ?? 0) - (one?.atMs ?? 0))).toBeLessThan(50);
  });
});

describe('processes that share a key', () => {
  const limit = { name: 'a', policy: { quota: 5, windowMs: 2_000 }, isLeaky: false };
  const logOf = (startsMs: readonly number[], quota = 5): LimitLog => ({
    limits: [{ ...limit, policy: { quota, windowMs: 2_000 }, startsMs }],
    ...{ pace: null, isLearned: true },
  });

  test('starts of the same work become ours, once; those of other work stay theirs', async () => {
    const table = server();
    await processOf(table).save(logOf([T0 - 300]));
    await processOf(table, { work: 'other' }).save(logOf([T0 - 200], 7));
    const next = processOf(table);
    const log = await next.load();
    // What is known of the limit is known to all.
    expect(log?.limits).toMatchObject([{ policy: { quota: 7 }, startsMs: [T0 - 300] }]);
    await next.save(logOf([T0 - 300, T0]));
    expect(table.rows.map(({ owner }) => owner.split(' ')[0])).toEqual(['other', 'datasync']);
    const late = processOf(table, { work: 'late' });
    expect((await late.load())?.limits).toMatchObject([{ startsMs: [] }]);
  });

  test('a limit that another has learned replaces what is only assumed', async () => {
    const table = server();
    await processOf(table).save(logOf([T0 - 300]));
    const assumed = { ...limit, name: 'assumed', from: 'assumed' as const, startsMs: [T0 - 100] };
    const log = { limits: [assumed], pace: null, isLearned: false };
    await processOf(table, { work: 'other' }).save(log);
    const back = await processOf(table, { work: 'other' }).load();
    expect(back).toMatchObject({ limits: [{ name: 'a', startsMs: [T0 - 100] }], isLearned: true });
  });

  test('starts of others come by our clock, one entry each', async () => {
    const table = server({ aheadMs: -400, others: { a: [[T0 - 900, 2]] } });
    const { others } = await processOf(table).save(logOf([]));
    expect(others.get('a')).toEqual([T0 - 500, T0 - 500]);
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
    const table = server();
    const pace = { quota: 5, windowMs: 1_000 };
    await processOf(table, { nowMs: Date.now() }).save({ limits: [], pace, isLearned: true });
    expect(table.rows[0]?.startedAtMs[0]).toBeGreaterThan(Date.now() - 60_000);
  });
});
