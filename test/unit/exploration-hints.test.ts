import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Config, Target } from '../../src/config/config.js';
import type { LimitLog } from '../../src/core/limit-log.js';
import { finding } from '../../src/explore/finding.js';
import {
  type ExplorationHints,
  findHints,
  mergeStarts,
  NO_HINTS,
} from '../../src/session/exploration/exploration-hints.js';
import {
  explorationFile,
  explorationOriginOf,
  withoutSecretsOf,
} from '../../src/session/exploration/shown-exploration.js';
import { hashKey } from '../../src/session/open-source.js';
import { readConfig } from '../support/datasync.js';
import {
  exploration,
  FINDINGS,
  KEY,
  LIVE_POLICY,
  NOW_MS,
  ORIGIN,
} from '../support/sample-exploration.js';
import { fileWith, planOf } from '../support/source-files.js';

describe('what an ingestion takes over', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'datasync-hints-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const told: string[] = [];
  const log = {
    info: (_: object, message: string) => told.push(message),
    warn: (_: object, message: string) => told.push(message),
  };

  function configWith(environment: Record<string, string> = {}): Config {
    const read = readConfig({ TARGET_API_KEY: KEY, API_BASE_URL: ORIGIN, ...environment }, {});
    if (!read.ok) throw new Error('the sample is good');
    return read.config;
  }

  function hints(text: string, config = configWith(), nowMs = NOW_MS, apiKey = KEY) {
    told.length = 0;
    writeFileSync(join(folder, 'exploration.json'), text);
    return findHints(config, { keyHash: hashKey(apiKey), nowMs, log, folder });
  }

  test('fresh findings of the same API, and says so in one line', async () => {
    const found = await hints(JSON.stringify(exploration()));
    expect(found).toEqual({
      pageLimit: 1_000,
      policy: LIVE_POLICY,
      bytesPerRecord: 355,
      startsMs: [1, 2],
    });
    expect(told).toEqual([
      'starts from exploration.json (60 min old): 10 requests in 60 s, pages of 1000; live answers correct it',
    ]);
  });

  test('nothing in place of what the user set', async () => {
    const found = await hints(JSON.stringify(exploration()), configWith({ BATCH_SIZE: '500' }));
    expect(found.pageLimit).toBeNull();
  });

  test.each([
    ['another API', exploration({ origin: 'http://other.example/api/v1' })],
    ['another source', exploration({ source: 'other' })],
    ['another stream', exploration({ stream: 'sessions' })],
    ['yesterday', exploration({ endedAt: '2026-07-31T09:00:00.000Z' })],
    ['the future', exploration({ endedAt: '2026-08-02T09:00:00.000Z' })],
  ])('nothing of %s', async (_, other) => {
    expect(await hints(JSON.stringify(other))).toEqual(NO_HINTS);
    expect(told).toEqual([]);
  });

  test.each(['', '{"version":1,', '{"version":2}', 'null'])(
    'nothing of a damaged file %j, and says so',
    async (text) => {
      expect(await hints(text)).toEqual(NO_HINTS);
      expect(told).toEqual(['exploration.json is not readable: passed over']);
    },
  );

  test('no requests that were made with another key', async () => {
    const found = await hints(JSON.stringify(exploration()), configWith(), NOW_MS, 'other');
    expect(found.startsMs).toEqual([]);
  });

  test('no window that would hold the run back for an hour', async () => {
    const policy = { quota: 1, windowMs: 3_600_000 };
    const { startingValues } = exploration();
    const strict = exploration({ startingValues: { ...startingValues, policy } });
    expect((await hints(JSON.stringify(strict))).policy).toBeNull();
  });

  test('starts that the database does not know, each once', () => {
    const found = { ...NO_HINTS, startsMs: [1_000, 1_000, 5_000] };
    const merge = (saved: LimitLog | null, hints: ExplorationHints = found) =>
      mergeStarts(saved, hints, LIVE_POLICY);
    const logOf = (startsMs: readonly number[]): LimitLog => ({
      limits: [{ name: 'x-ratelimit', policy: LIVE_POLICY, isLeaky: false, startsMs }],
      ...{ pace: null, isLearned: true },
    });
    expect(merge(null)).toMatchObject({
      limits: [{ name: 'assumed', startsMs: [1_000, 1_000, 5_000] }],
      isLearned: false,
    });
    const saved = logOf([1_100, 9_000]);
    expect(merge(saved)).toEqual(logOf([1_000, 1_100, 5_000, 9_000]));
    const all = logOf([1_000, 1_001, 5_200]);
    expect(merge(all)).toBe(all);
    expect(merge(saved, NO_HINTS)).toBe(saved);
  });
});

test('no text that is kept has a secret in it, and figures stay what they are', () => {
  const [secret, digits] = ['s3cret/key', '300000'];
  const plan = planOf(fileWith('name: items, endpoint: items'));
  const target: Target = {
    ...{ origin: 'https://api.example.com', basePath: `/${secret}/v1`, plan },
    kind: 'api',
    secrets: [secret, digits],
  };
  const told = finding(
    'record.fields',
    `${secret}: string`,
    'measured',
    encodeURIComponent(secret),
  );
  const kept = withoutSecretsOf(target, exploration({ findings: [told, ...FINDINGS] }));
  expect(JSON.stringify(kept)).not.toMatch(/s3cret/);
  expect(kept.findings[0]?.value).toBe('[secret]: string');
  expect(kept.findings.find(({ name }) => name === 'total')?.value).toBe(3_000_000);
  expect(kept.origin).toBe(explorationOriginOf(target));
});

test('each stream of a source file has a file of its own, and no other source shares it', () => {
  const files = [
    { source: 'datasync', stream: 'events' },
    { source: 'github', stream: 'issues' },
    { source: 'github', stream: 'commits' },
    { source: 'stripe', stream: 'events' },
  ].map((one) => explorationFile(one));
  expect(files).toEqual([
    'exploration.json',
    'github.issues.exploration.json',
    'github.commits.exploration.json',
    'stripe.events.exploration.json',
  ]);
});
