/** A session begins with what earlier runs and explorations know of the limits. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withoutPlan } from '../../src/core/start-reservation.js';
import type { LimitRow, OwnedLimitRow, StartsWanted } from '../../src/database/ledger-types.js';
import type { Exploration } from '../../src/explore/schema.js';
import { nowMs } from '../../src/runtime/clock.js';
import { openLimits } from '../../src/session/open-limits.js';
import { openSource } from '../../src/session/open-source.js';
import type { SessionParts } from '../../src/session/session-parts.js';
import { captureLog } from '../support/captured-log.js';
import { readConfig } from '../support/datasync.js';

const ENVIRONMENT = { TARGET_API_KEY: 'key', API_BASE_URL: 'http://api.example/api/v1' };
let folder = '';
let home = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'datasync-limits-'));
  home = process.cwd();
  process.chdir(folder);
});

afterEach(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true, force: true });
});

/** A database that holds these rows. */
async function begin(rows: readonly OwnedLimitRow[]) {
  const read = readConfig(ENVIRONMENT, {});
  if (!read.ok) throw new Error('the sample is good');
  const { log, records } = await captureLog('info');
  const keys: unknown[] = [];
  const saved: (readonly LimitRow[])[] = [];
  const source = await openSource(read.config);
  const parts = {
    context: { config: read.config, log },
    source,
    store: {
      loadLimits: async (key: unknown) => {
        keys.push(key);
        return { nowMs: nowMs(), rows };
      },
      reserveStarts: async (_: unknown, { limits, count }: StartsWanted) => {
        saved.push(limits);
        return { granted: count, nowMs: nowMs(), others: {} };
      },
    },
  } as unknown as SessionParts;
  return { ...(await openLimits(parts)), source, keys, saved, records };
}

test('nothing known: what the source is documented to permit', async () => {
  const { limiter, source, keys, hints } = await begin([]);
  expect(limiter.policy).toEqual(source.spec.defaultPolicy);
  expect(hints.startsMs).toEqual([]);
  const { keyHash, runOrigin, spec } = source;
  expect(keys).toEqual([{ origin: runOrigin, keyHash, bucket: spec.bucket }]);
  expect(JSON.stringify(keys)).not.toContain('"key"');
});

test('what an earlier run saved holds, with the starts that it made', async () => {
  const atMs = Date.now() - 1_000;
  const { limiter, reserve, saved } = await begin([
    {
      ...{ bucket: 'events/window/x-ratelimit', name: 'x-ratelimit', quota: 3, windowMs: 30_000 },
      ...{ owner: '', boot: null, bootAtMs: null },
      ...{ startedAtMs: [atMs], startedCount: [2] },
    },
  ]);
  expect(limiter.policy).toEqual({ quota: 3, windowMs: 30_000 });
  expect(limiter.startsIn(Date.now())).toBe(2);
  await reserve(withoutPlan(limiter.log(Date.now()), Date.now()));
  const kept = saved[0]?.find(({ bucket }) => bucket === 'events/window/x-ratelimit');
  expect(kept).toMatchObject({ quota: 3, windowMs: 30_000, startedCount: [2] });
});

test('an exploration that cannot be read is passed over', async () => {
  writeFileSync('exploration.json', '{');
  const { limiter, source, records } = await begin([]);
  expect(limiter.policy).toEqual(source.spec.defaultPolicy);
  expect(records()).toMatchObject([{ level: 'warn', event: 'exploration_unread' }]);
});

test('one that can be read gives the limit and the starts that it saw', async () => {
  const atMs = Date.now() - 1_000;
  const { source } = await begin([]);
  const { keyHash, runOrigin, spec } = source;
  const instant = new Date(atMs).toISOString();
  const policy = { quota: 4, windowMs: 20_000 };
  const exploration: Exploration = {
    ...{ version: 2, source: spec.name, stream: spec.stream, origin: runOrigin },
    ...{ startedAt: instant, endedAt: instant },
    requests: { atMost: {}, used: {} },
    ...{ findings: [], recommendations: [], prediction: null },
    startingValues: { pageRecords: null, policy, bytesPerRecord: null, latencyMs: null },
    limitLog: { bucket: spec.bucket, keyHash, policy, startsMs: [atMs, atMs] },
  };
  writeFileSync('exploration.json', JSON.stringify(exploration));
  const { limiter, records } = await begin([]);
  expect(limiter.policy).toEqual(policy);
  expect(limiter.startsIn(Date.now())).toBe(2);
  expect(records()).toMatchObject([{ event: 'exploration_used' }]);
});
