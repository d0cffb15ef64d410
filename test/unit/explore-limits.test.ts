import { describe, expect, test } from 'vitest';
import { readLimitHeaders } from '../../src/core/limit-headers.js';
import { emptyNotebook } from '../../src/explore/explore.js';
import { aboutLimits } from '../../src/explore/findings/about-limits.js';
import type { Answer, StartSeen } from '../../src/explore/observations.js';
import { PAGES } from '../../src/explore/probe.js';
import { subjectOf } from '../../src/explore/subject.js';
import { datasync } from '../support/datasync.js';

const START_MS = 1_769_541_612_369;
const ANSWER: Answer = {
  bucket: 'sessions',
  status: 200,
  headers: {},
  sentAtMs: 0,
  headAtMs: 10,
  endAtMs: 12,
  wireBytes: 1_000,
  bodyBytes: 1_000,
  limits: null,
  isAlone: true,
  acceptedGzip: false,
};

/** Answers at these times, each with headers of its own, as the asker would have kept them. */
function limitFindings(
  offsetsMs: readonly number[],
  headersOf: (index: number) => Record<string, string>,
) {
  const starts = offsetsMs.map((offsetMs, index): StartSeen => {
    const sentAtMs = START_MS + offsetMs;
    const headers = headersOf(index);
    const limits = readLimitHeaders(headers, sentAtMs + 5);
    return { sentAtMs, headAtMs: sentAtMs + 5, status: 200, headers, limits };
  });
  const found = aboutLimits({
    ...emptyNotebook(subjectOf(datasync)),
    starts: new Map([[PAGES, starts]]),
  });
  const of = (name: string) => found.find((finding) => finding.name === name);
  return { found, of };
}

describe('limits', () => {
  const EARLY = [0, 40, 80, 120];
  const datasyncHeaders = (remaining: number, resetSeconds: number) => ({
    'x-ratelimit-limit': '10',
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': String(resetSeconds),
  });

  test('a window that only resets tell of is implied, however narrow', () => {
    const { of } = limitFindings(EARLY, (index) => datasyncHeaders(9 - index, 60));
    expect(of('limit.window')).toMatchObject({ value: 60_000, confidence: 'implied', unit: 'ms' });
    expect(of('limit.window')?.evidence).toMatch(/^the resets imply between \d+ and \d+ ms$/);
    expect(of('limit.reset-form')?.confidence).toBe('implied');
    expect(of('limit.quota')).toMatchObject({ value: 10, confidence: 'announced' });
    expect(of('limit.window-kind')?.confidence).toBe('unknown');
  });

  test('a window is measured when counts were seen to return', () => {
    const { of } = limitFindings([...EARLY, 1_700, 2_190], (index) =>
      datasyncHeaders([9, 8, 7, 6, 5, 8][index] ?? 0, 2),
    );
    const window = of('limit.window');
    expect(window).toMatchObject({ value: 2_000, confidence: 'measured' });
    expect(window?.low).toBeGreaterThan(1_600);
    expect(window?.high).toBeLessThan(2_200);
    expect(of('limit.window-kind')).toMatchObject({ value: 'sliding', confidence: 'measured' });
  });

  test('counts that contradict what a header names are believed, and both are told', () => {
    const { of } = limitFindings([...EARLY, 1_300, 1_690], (index) => ({
      'ratelimit-policy': '"default";q=10;w=3',
      ratelimit: `"default";r=${[9, 8, 7, 6, 5, 8][index]};t=3`,
    }));
    expect(of('limit.window')).toMatchObject({ value: 1_500, confidence: 'measured' });
    expect(of('limit.window')?.evidence).toMatch(/though headers name 3000 ms$/);
  });

  test('every policy is named, with quota, window and kind', () => {
    const { found, of } = limitFindings(EARLY, (index) => ({
      'ratelimit-policy': '10;w=2, 30;w=12, 5000;w=3600',
      ratelimit: `limit=10, remaining=${9 - index}, reset=2`,
    }));
    expect(of('limit.quota')?.evidence).toContain('ratelimit');
    expect(of('limit.window')).toMatchObject({ value: 2_000, confidence: 'announced' });
    expect(of('limit.also.30-w-12.quota')).toMatchObject({ value: 30, confidence: 'announced' });
    expect(of('limit.also.30-w-12.window')).toMatchObject({
      value: 12_000,
      confidence: 'announced',
    });
    expect(of('limit.also.30-w-12.window-kind')?.confidence).toBe('unknown');
    expect(of('limit.also.5000-w-3600.quota')?.value).toBe(5_000);
    expect(found.filter(({ confidence }) => confidence === 'measured')).toEqual([]);
  });

  test('limits whose headers have a word of their own are no absence of headers', () => {
    const { of } = limitFindings(EARLY, (index) => ({
      'x-ratelimit-limit-short': '10',
      'x-ratelimit-remaining-short': String(9 - index),
      'x-ratelimit-reset-short': '2',
      'x-ratelimit-limit-long': '100',
      'x-ratelimit-remaining-long': String(99 - index),
    }));
    expect(of('limit.headers')?.value).not.toBe('none');
    expect(of('limit.reset-form')?.value).toBe('seconds left');
    expect(of('limit.quota')?.value).toBe(10);
    expect(of('limit.also.long.quota')?.value).toBe(100);
  });

  test('names that an API makes up are short, and differ', () => {
    const { found } = limitFindings(EARLY, () => ({
      'ratelimit-policy': `"a";q=1;w=1, "${'b'.repeat(400)}";q=2;w=2, "${'b'.repeat(400)}c";q=3;w=3`,
    }));
    const quotas = found.map(({ name }) => name).filter((name) => name.endsWith('.quota'));
    expect(new Set(quotas).size).toBe(3);
    for (const name of quotas) expect(name.length).toBeLessThan(60);
  });

  test('a bucket of used/size is called one when it was seen to leak', () => {
    const used = [1, 2, 3, 4, 5, 6, 7, 8, 7, 2];
    const { of } = limitFindings([0, 20, 40, 60, 80, 100, 120, 140, 1_140, 4_140], (index) => ({
      'x-shopify-shop-api-call-limit': `${used[index]}/40`,
    }));
    expect(of('limit.window-kind')).toMatchObject({
      value: 'leaky bucket',
      confidence: 'measured',
    });
  });

  test('a list with another quota implies a limit of its own; of several, like is compared', () => {
    const policies = (short: number, long: number) => ({
      'ratelimit-policy': '"short";q=10;w=2, "long";q=30;w=12',
      ratelimit: `"short";r=${short};t=2, "long";r=${long};t=12`,
    });
    const ownBucket = (headers: Record<string, string>) => {
      const answer = { ...ANSWER, limits: readLimitHeaders(headers, 10) };
      const list = {
        ...{ name: 'sessions', path: '/sessions', answer, fault: null, total: 0, recordCount: 0 },
        ...{ fields: [], pageStartsInWindow: 1 },
      };
      const start = { sentAtMs: 0, headAtMs: 5, status: 200, headers: policies(9, 29) };
      const starts = [{ ...start, limits: readLimitHeaders(start.headers, 5) }];
      const notebook = {
        ...emptyNotebook(subjectOf(datasync)),
        lists: [list],
        starts: new Map([[PAGES, starts]]),
      };
      return aboutLimits(notebook).find(({ name }) => name === 'limit.own-bucket.sessions');
    };
    expect(ownBucket(policies(10, 2))).toMatchObject({ value: false, confidence: 'measured' });
    const other = { 'x-ratelimit-limit': '99', 'x-ratelimit-remaining': '98' };
    expect(ownBucket(other)).toMatchObject({ value: true, confidence: 'implied' });
  });
});
