import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Config, readConfig } from '../../src/config/config.js';
import type { LimitLog } from '../../src/core/limit-log.js';
import { type Finding, finding, unknown } from '../../src/explore/finding.js';
import { defaultBudget, makePlan } from '../../src/explore/plan.js';
import { type ExploreScope, PAGES } from '../../src/explore/probe.js';
import { advise, type Circumstances } from '../../src/explore/recommend.js';
import { explorationMarkdown, explorationText, planText } from '../../src/explore/render.js';
import { type Exploration, explorationForm } from '../../src/explore/schema.js';
import { subjectOf } from '../../src/explore/subject.js';
import {
  type ExplorationHints,
  findHints,
  mergeStarts,
  NO_HINTS,
} from '../../src/session/exploration/exploration-hints.js';
import { hashKey } from '../../src/session/open-source.js';
import { datasync } from '../../src/source/datasync.js';

const LIVE_POLICY = { quota: 10, windowMs: 60_000 };
const CIRCUMSTANCES: Circumstances = {
  policy: LIVE_POLICY,
  pace: null,
  assumedPolicy: LIVE_POLICY,
  latenciesMs: [3_500, 4_200],
  sampledRecords: 5_000,
  subject: subjectOf(datasync),
  sizeSetting: 'BATCH_SIZE',
  declaresLimits: false,
  pageLimitMax: 5_000,
  pageLimit: null,
  concurrency: 10,
  creditBytes: 16_000_000,
  reserve: 0,
  cursorThresholdMs: 60_000,
  cursorLifeMs: 120_000,
  recordsPerSecond: null,
};
const FINDINGS: readonly Finding[] = [
  finding('page.largest-size', 5_000, 'measured', '10000 asked for, 5000 granted'),
  finding('total', 3_000_000, 'announced', 'every answer names it'),
  finding('cursor.can-seek', true, 'measured', 'compared'),
  finding('record.bytes', 355, 'measured', 'in a page'),
  finding('cursor.life', 120_000, 'announced', 'told'),
];

function settingOf(name: string, findings = FINDINGS, change: Partial<Circumstances> = {}) {
  const { recommendations } = advise(findings, { ...CIRCUMSTANCES, ...change });
  const found = recommendations.find(({ setting }) => setting === name);
  return found === undefined ? null : { value: found.value, reason: found.reason };
}

describe('advice', () => {
  test('for the live API: the largest page, one chain, an hour', () => {
    const { prediction } = advise(FINDINGS, CIRCUMSTANCES);
    expect(settingOf('BATCH_SIZE')?.value).toBe(5_000);
    expect(settingOf('segments')?.value).toBe(1);
    expect(settingOf('CURSOR_REFRESH_THRESHOLD')?.value).toBe(60);
    expect(settingOf('WRITE_METHOD')?.value).toBe('auto');
    expect(prediction?.boundBy).toBe('limit');
    expect((prediction?.durationMs ?? 0) / 3_600_000).toBeCloseTo(1, 1);
  });

  test('every recommendation has a reason', () => {
    const { recommendations } = advise(FINDINGS, { ...CIRCUMSTANCES, reserve: 5 });
    expect(recommendations).toHaveLength(6);
    for (const { reason } of recommendations) expect(reason.length).toBeGreaterThan(20);
    expect(settingOf('RATE_LIMIT_BUFFER', FINDINGS, { reserve: 5 })?.reason).toMatch(/50 %/);
  });

  test('a page size that is set is kept to', () => {
    const set = settingOf('BATCH_SIZE', FINDINGS, { pageLimit: 500 });
    expect(set).toMatchObject({ value: 500, reason: expect.stringMatching(/500 is set/) });
  });

  test('opaque cursors mean one chain', () => {
    const opaque = FINDINGS.filter(({ name }) => name !== 'cursor.can-seek');
    expect(settingOf('segments', opaque)).toMatchObject({ value: 1, reason: /chain/ });
  });

  test('where requests at once do not help and nothing limits, one is enough', () => {
    const alone = [...FINDINGS, finding('concurrency.helps', false, 'measured', 'as slow')];
    expect(settingOf('WORKER_CONCURRENCY', alone, { policy: null })?.value).toBe(1);
  });

  test('a pace that refusals have taught limits, though no answer names it', () => {
    const paced = { policy: null, pace: { quota: 1, windowMs: 1_000 } };
    const advised = settingOf('WORKER_CONCURRENCY', FINDINGS, paced);
    // One a second, each of up to 4.2 s.
    expect(advised?.reason).toMatch(/^1 requests\/s of 4\.2 s keep 5 under way; no answer names/);
    const { prediction, recommendations } = advise(FINDINGS, { ...CIRCUMSTANCES, ...paced });
    expect(prediction).toMatchObject({ boundBy: 'limit', records: 3_000_000 });
    expect((prediction?.durationMs ?? 0) / 1000).toBeCloseTo(600, -2);
    expect(prediction?.assuming.join()).toMatch(/the pace that refusals have taught holds/);
    expect(JSON.stringify({ prediction, recommendations })).not.toMatch(/nothing limits/);
  });

  test('without a number of events nothing is predicted, but advice is given', () => {
    const findings = [...FINDINGS.filter(({ name }) => name !== 'total'), unknown('total', 'no')];
    const { prediction, recommendations } = advise(findings, CIRCUMSTANCES);
    expect(prediction).toBeNull();
    expect(recommendations.length).toBeGreaterThan(3);
  });

  test('what was not measured is said with the prediction', () => {
    const { prediction } = advise(FINDINGS, { ...CIRCUMSTANCES, policy: null });
    expect(prediction?.assuming.join()).toMatch(/nothing limits.*60,000 records\/s/);
    const measured = advise(FINDINGS, { ...CIRCUMSTANCES, recordsPerSecond: 40_000 });
    expect(measured.prediction?.assuming).toEqual([]);
  });
});

const SCOPE: Omit<ExploreScope, 'budget'> = {
  subject: subjectOf(datasync),
  isThorough: false,
  doesProvoke: false,
  expected: { latencyMs: 4_000, policy: LIVE_POLICY },
};

function planFor(change: Partial<ExploreScope> = {}) {
  const scope = { ...SCOPE, ...change };
  const whole = { budget: defaultBudget(scope), ...scope };
  return { plan: makePlan(whole), scope: whole };
}

describe('the plan', () => {
  test('fits the live API: 12 requests, under two minutes, nothing that provokes', () => {
    const { plan } = planFor();
    expect(plan.requests.events).toBe(12);
    expect(plan.secondsAbout).toBeLessThan(120);
    expect(plan.probes.map(({ name }) => name)).not.toContain('refused calls');
    expect(plan.dropped).toEqual([]);
  });

  test('never plans more than its budget, and asks for the first page in any case', () => {
    for (let budget = 1; budget <= 60; budget++) {
      for (const isThorough of [false, true]) {
        for (const doesProvoke of [false, true]) {
          const { plan, scope } = planFor({ budget, isThorough, doesProvoke });
          const cost = plan.probes.reduce((sum, each) => sum + (each.cost(scope)[PAGES] ?? 0), 0);
          expect(cost).toBeLessThanOrEqual(budget);
          expect(plan.probes.map(({ name }) => name)).toContain('first page');
        }
      }
    }
  });

  test('thorough and provoking probes come only when they are asked for', () => {
    const names = planFor({ isThorough: true, doesProvoke: true }).plan.probes.map((p) => p.name);
    expect(names).toEqual(expect.arrayContaining(['cursor life', 'four at once', 'refused calls']));
  });

  test('is told in 80 columns', () => {
    const { plan, scope } = planFor({ budget: 5 });
    const lines = planText(plan, scope).split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.join('\n')).toMatch(/At most 5 requests of events[\s\S]*Left out for the budget/);
  });
});

const EXPLORED_AT = '2026-08-01T10:00:00.000Z';
const NOW_MS = Date.parse(EXPLORED_AT) + 3_600_000;
const KEY = 'k3y';
const ORIGIN = 'http://api.example/api/v1';

function exploration(change: Partial<Exploration> = {}): Exploration {
  return explorationForm.parse({
    version: 2,
    source: 'datasync',
    stream: 'events',
    origin: ORIGIN,
    startedAt: EXPLORED_AT,
    endedAt: EXPLORED_AT,
    requests: { atMost: { events: 12 }, used: { events: 10 } },
    findings: [...FINDINGS, unknown('latency.p95', 'needs 20 samples')],
    ...advise(FINDINGS, CIRCUMSTANCES),
    startingValues: { pageRecords: 1_000, policy: LIVE_POLICY, bytesPerRecord: 355, latencyMs: 9 },
    limitLog: { bucket: 'events', keyHash: hashKey(KEY), policy: LIVE_POLICY, startsMs: [1, 2] },
    ...change,
  });
}

test('the report fits 80 columns, whatever the API puts into names', () => {
  const hostile = finding(
    'record.fields',
    `${'x'.repeat(200)}|\u001b[31m${'y z '.repeat(80)}`,
    'measured',
    'a|b',
  );
  const shown = exploration({ findings: [hostile, ...FINDINGS] });
  const text = explorationText(shown);
  expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  expect(text).not.toContain('\u001b');
  expect(text).toMatch(
    /A whole ingestion \(3,000,000 events, \d+ pages\): about (?:59 min|1 h 0 min)/,
  );
  expect(explorationMarkdown(shown)).toContain('| a\\|b |');
});

test('a further limit is shown, however long its name', () => {
  const name = `limit.also.${'n'.repeat(32)}.window-kind`;
  const shown = exploration({ findings: [finding(name, 12_000, 'implied', 'w '.repeat(60))] });
  const lines = explorationText(shown).split('\n');
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  expect(lines[lines.indexOf(name) + 1]).toMatch(/^ {26}implied {4}12,000 \(w w/);
  expect(explorationMarkdown(shown)).toContain(`| ${name} | 12000 | implied |`);
});

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
