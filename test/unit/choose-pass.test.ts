/** Which run a start goes on with or begins, and the watermark that a run leaves. */
import { describe, expect, test } from 'vitest';
import type { AskedPass } from '../../src/config/config.js';
import { chooseRun, type PassFacts } from '../../src/session/choose-pass.js';
import { nextWatermark } from '../../src/session/next-watermark.js';
import { FULL_PASS, type Pass, passOf, stretchOf } from '../../src/source/pass.js';
import type { IncrementalPlan } from '../../src/source/plan.js';
import { stretchOfPass } from '../../src/source/stretch.js';

const BY_TIME: IncrementalPlan = {
  ...{ cursorPath: 'at', type: null, format: null, startParam: 'since', endParam: null },
  ...{ initialValue: null, endValue: null, lag: { units: 0 }, isNewestFirst: false },
};
const WATERMARK = { cursorPath: 'at', value: '17' };
const NEXT: AskedPass = { type: 'next' };
const RANGE: Pass = { type: 'range', start: '3', end: null };
const askedRange: AskedPass = { type: 'range', since: '3', until: null };

function run(status: 'running' | 'paused' | 'failed' | 'complete', pass: Pass | null = null) {
  return { run: 5, status, settings: pass === null ? {} : { pass } };
}

function choose(facts: Partial<PassFacts>) {
  return chooseRun({
    ...{
      asked: NEXT,
      runsAgain: false,
      latest: run('complete'),
      incremental: BY_TIME,
      watermark: WATERMARK,
    },
    ...facts,
  });
}

const incrementalFrom = (start: string | number): Pass => ({
  type: 'incremental',
  start,
  end: null,
});

describe('a start', () => {
  test('without an earlier run begins one of all, or of the range that is asked for', () => {
    expect(choose({ latest: null })).toEqual({ type: 'begin', pass: FULL_PASS });
    expect(choose({ latest: null, asked: askedRange })).toEqual({ type: 'begin', pass: RANGE });
  });

  test('goes on with a run that is not complete, whatever that reads', () => {
    for (const pass of [null, FULL_PASS, incrementalFrom(3), RANGE]) {
      expect(choose({ latest: run('paused', pass) })).toEqual({ type: 'goOn' });
    }
    expect(choose({ latest: run('failed'), asked: { type: 'full' } })).toEqual({ type: 'goOn' });
    expect(choose({ latest: run('running', RANGE), asked: askedRange })).toEqual({ type: 'goOn' });
  });

  test('leaves an incremental run for a full one, and nothing for a range', () => {
    const latest = run('paused', incrementalFrom(3));
    expect(choose({ latest, asked: { type: 'full' } })).toEqual({ type: 'begin', pass: FULL_PASS });
    expect(choose({ latest, asked: askedRange })).toMatchObject({
      type: 'refused',
      message: expect.stringMatching(/^Run 5, which reads what is new since 3, is not complete\./),
    });
  });

  test('behind a complete run reads what is new, where that can be told', () => {
    expect(choose({})).toEqual({ type: 'begin', pass: incrementalFrom(17) });
    expect(choose({ incremental: { ...BY_TIME, lag: { units: 5 } } })).toMatchObject({
      pass: incrementalFrom(12),
    });
    expect(choose({ incremental: null })).toEqual({ type: 'nothingToDo' });
    expect(choose({ incremental: { ...BY_TIME, endValue: 9 } })).toEqual({ type: 'nothingToDo' });
    expect(choose({ incremental: null, runsAgain: true })).toEqual({
      ...{ type: 'begin', pass: FULL_PASS },
    });
    expect(choose({ runsAgain: true })).toEqual({ type: 'begin', pass: incrementalFrom(17) });
    expect(choose({ watermark: null })).toEqual({ type: 'begin', pass: FULL_PASS });
    const other = { cursorPath: 'seq', value: '17' };
    expect(choose({ watermark: other })).toEqual({ type: 'begin', pass: FULL_PASS });
    expect(choose({ asked: { type: 'full' } })).toEqual({ type: 'begin', pass: FULL_PASS });
  });

  test('behind a range reads all, where nothing tells what is new', () => {
    const latest = run('complete', RANGE);
    const all = { type: 'begin', pass: FULL_PASS };
    expect(choose({ latest, incremental: null })).toEqual(all);
    expect(choose({ latest, incremental: { ...BY_TIME, endValue: 9 } })).toEqual(all);
    expect(choose({ latest })).toEqual({ type: 'begin', pass: incrementalFrom(17) });
  });
});

describe('a stream of children', () => {
  const news = (hasMoved: boolean, hasNew: boolean) => ({ hasMoved, hasNew });

  test('is read again behind a later run of its parent', () => {
    const whole = { incremental: null };
    expect(choose({ ...whole, parents: news(false, false) })).toEqual({ type: 'nothingToDo' });
    const again = { type: 'begin', pass: FULL_PASS };
    expect(choose({ ...whole, parents: news(true, false) })).toEqual(again);
    expect(choose({ ...whole, parents: news(false, true) })).toEqual(again);
  });

  test('goes on from its watermark, unless a parent is new', () => {
    expect(choose({ parents: news(true, false) })).toMatchObject({ pass: incrementalFrom(17) });
    expect(choose({ parents: news(true, true) })).toMatchObject({ pass: FULL_PASS });
  });
});

describe('the watermark of a complete run', () => {
  const source = (pass: Pass, incremental: IncrementalPlan | null = BY_TIME) => ({
    ...{ pass, incremental, codec: null },
  });
  const seen = (...values: string[]) => ({ values, newestMs: null });

  test('is the highest value of its pages, and never goes back but for a full run', () => {
    expect(nextWatermark(source(FULL_PASS), seen('9', '10', '"8"'), null)).toEqual({
      ...{ cursorPath: 'at', value: '10' },
    });
    expect(nextWatermark(source(incrementalFrom(17)), seen('9'), WATERMARK)?.value).toBe('17');
    expect(nextWatermark(source(incrementalFrom(17)), seen(), WATERMARK)?.value).toBe('17');
    expect(nextWatermark(source(FULL_PASS), seen('9'), WATERMARK)?.value).toBe('9');
    expect(nextWatermark(source(FULL_PASS), seen(), WATERMARK)?.value).toBeNull();
  });

  test('stays as it is behind a range, and where every run reads the same', () => {
    expect(nextWatermark(source(RANGE), seen('99'), WATERMARK)).toBeNull();
    expect(nextWatermark(source(FULL_PASS, null), seen('99'), null)).toBeNull();
    const ended = { ...BY_TIME, endValue: 20 };
    expect(nextWatermark(source(FULL_PASS, ended), seen('19'), null)).toBeNull();
  });

  test('of another field says nothing', () => {
    const other = { cursorPath: 'seq', value: '17' };
    expect(nextWatermark(source(incrementalFrom(3)), seen('5'), other)?.value).toBe('5');
  });
});

test('what a run reads is kept with it, and one from before that has read all', () => {
  const within = stretchOfPass(BY_TIME, { type: 'range', start: '2026-01-01', end: '2026-02-01' });
  const kept = JSON.parse(JSON.stringify({ pass: incrementalFrom('a'), within }));
  expect(passOf(kept)).toEqual(incrementalFrom('a'));
  expect(stretchOf(kept)).toEqual(within);
  expect([passOf({}), stretchOf({}), passOf({ pass: 7 })]).toEqual([FULL_PASS, null, FULL_PASS]);
});
