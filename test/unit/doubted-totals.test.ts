/** Totals that may be as far as an API counts, or count a page: the place behind them is asked for. */
import { describe, expect, test } from 'vitest';
import { END, goOn, kindOf, nextOf, offset, pages } from '../support/counted-plans.js';
import { pageFacts } from '../support/page-facts.js';

describe('an offset doubts a total', () => {
  const plan = { ...offset, totalPath: 'total' };
  const at = (cursor: string | null, total: number, recordCount = 50) =>
    nextOf(plan, { body: { total }, cursor, recordCount, size: 50, fingerprint: 'f1/+=' });

  test.each([1_000, 2_000, 10_000, 50_000, 100_000])('that may be a cap: %d', (total) => {
    expect(at(String(total - 50), total)).toEqual(goOn(`${total}~f1/+=`));
    expect(at(String(total - 7), total, 7)).toEqual(goOn(`${total}~f1/+=`));
  });

  test.each([900, 1_050, 1_500, 12_000])('that is none not: %d', (total) => {
    expect(at(String(total - 50), total)).toEqual(END);
  });

  test('that counts the full first page, and no other', () => {
    expect(at(null, 50)).toEqual(goOn('50~f1/+='));
    expect(at(null, 30, 30)).toEqual(END);
    expect(at('50', 100)).toEqual(END);
  });

  test('only where an empty page ends it, and never past the maximum', () => {
    const full = { body: { total: 1_000 }, cursor: '950', recordCount: 50 };
    expect(nextOf({ ...plan, stopAfterEmptyPage: false }, full)).toEqual(END);
    expect(nextOf({ ...plan, maximumOffset: 1_000 }, full)).toEqual(END);
  });

  test('and asks for the place behind it, with what the page before showed', () => {
    const { request, looksBehindEnd, paging, ordinalOf } = kindOf(plan);
    expect(request('1000~f1/+=', 50)).toEqual({ query: { offset: '1000', limit: '50' } });
    expect(looksBehindEnd?.('1000~f1/+=')).toEqual({ fingerprint: 'f1/+=', way: END });
    expect(looksBehindEnd?.('1000')).toBeNull();
    expect(looksBehindEnd?.(null)).toBeNull();
    expect(paging.placeOf('1000~f1/+=')).toEqual(paging.placeOf('1000'));
    expect(ordinalOf?.('1000~f1/+=', 2)).toBe(1_002);
  });

  test('which records behind it show to be wrong', () => {
    const behind = { body: { total: 1_000 }, cursor: '1000~f', recordCount: 50 };
    expect(nextOf(plan, behind)).toEqual(goOn('1050'));
    expect(nextOf(plan, { ...behind, recordCount: 0 })).toEqual(END);
    expect(kindOf(plan).passesTotal?.(pageFacts(behind))).toBe(true);
    expect(kindOf(plan).passesTotal?.(pageFacts({ ...behind, cursor: '950' }))).toBe(false);
    expect(kindOf(plan).passesTotal?.(pageFacts({ ...behind, recordCount: 0 }))).toBe(false);
  });
});

describe('a page number doubts a number of pages', () => {
  const plan = { ...pages, totalPath: 'pages' };
  const at = (cursor: string, total: number, recordCount: number, size: number | null = null) =>
    nextOf(plan, { body: { pages: total }, cursor, recordCount, size, fingerprint: 'f' });

  test('that may be a cap', () => {
    expect(at('100', 100, 7)).toEqual(goOn('101~f'));
    expect(at('120', 120, 7)).toEqual(END);
  });

  test('that counts the records of a full page', () => {
    expect(at('20', 20, 20)).toEqual(goOn('21~f'));
    expect(at('20', 20, 20, 20)).toEqual(goOn('21~f'));
    expect(at('20', 20, 20, 50)).toEqual(END);
  });

  test('which a page behind it shows to be wrong', () => {
    expect(at('21~f', 20, 20)).toEqual(goOn('22'));
    expect(at('21~f', 20, 0)).toEqual(END);
    const seen = pageFacts({ body: { pages: 20 }, cursor: '21~f', recordCount: 20 });
    expect(kindOf(plan).passesTotal?.(seen)).toBe(true);
  });
});
