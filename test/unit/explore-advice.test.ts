import { describe, expect, test } from 'vitest';
import { finding, unknown } from '../../src/explore/finding.js';
import { defaultBudget, makePlan } from '../../src/explore/plan.js';
import { type ExploreScope, PAGES } from '../../src/explore/probe.js';
import { advise, type Circumstances } from '../../src/explore/recommend.js';
import { explorationMarkdown, explorationText, planText } from '../../src/explore/render.js';
import { subjectOf } from '../../src/explore/subject.js';
import { datasync } from '../support/datasync.js';
import {
  CIRCUMSTANCES,
  exploration,
  FINDINGS,
  LIVE_POLICY,
} from '../support/sample-exploration.js';

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
