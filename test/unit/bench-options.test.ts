/** The bench's command line, its matrix, and what it reads of processes. */
import { describe, expect, test } from 'vitest';
import { variantName } from '../../bench/measure-ingest.js';
import { type BenchOptions, readOptions, SCENARIOS } from '../../bench/options.js';
import { parseRssBytes, parseStat, treeMs } from '../../bench/proc.js';
import { limitVariants } from '../../bench/scenarios/limit.js';
import { matrixVariants } from '../../bench/scenarios/matrix.js';

function optionsFrom(raw: Readonly<Record<string, unknown>>): BenchOptions {
  const read = readOptions(raw);
  if ('faults' in read) throw new Error(read.faults.join('; '));
  return read.options;
}

function faultsFrom(raw: Readonly<Record<string, unknown>>): readonly string[] {
  const read = readOptions(raw);
  return 'faults' in read ? read.faults : [];
}

describe('the command line', () => {
  test('reads lists, and leaves what is not given to the scenario', () => {
    const options = optionsFrom({ concurrency: '1, 5,20', writeMethod: 'copy,insert', runs: '3' });
    expect(options).toMatchObject({
      scenarios: ['matrix'],
      concurrency: [1, 5, 20],
      writeMethod: ['copy', 'insert'],
      runs: 3,
      limit: null,
      databaseUrl: null,
    });
  });

  test('takes distances of the database, each a variant of its own', () => {
    const variants = matrixVariants(optionsFrom({ databaseLatency: '0,20' }));
    expect(variants.map(({ databaseLatencyMs }) => databaseLatencyMs)).toEqual([0, 20]);
    expect(new Set(variants.map(variantName)).size).toBe(2);
  });

  test('takes all scenarios, and limits as requests per seconds', () => {
    const options = optionsFrom({ scenario: 'all', policy: '10/2,20/0.5' });
    expect(options.scenarios).toEqual(SCENARIOS);
    expect(options.policies).toEqual([
      { quota: 10, windowMs: 2000 },
      { quota: 20, windowMs: 500 },
    ]);
  });

  test('takes limiters by their names', () => {
    expect(optionsFrom({}).limiters).toBeNull();
    const options = optionsFrom({ scenario: 'limiters', limiter: 'express-draft-7, shopify' });
    expect(options.limiters).toEqual(['express-draft-7', 'shopify']);
  });

  test('measures a value once that was given twice', () => {
    expect(optionsFrom({ limit: '1000,1000' }).limit).toEqual([1000]);
  });

  test.each([
    [{ concurrency: '5,x' }, /^--concurrency: takes whole numbers/],
    [{ limit: '5001' }, /^--limit: /],
    [{ writeMethod: 'quick' }, /^--write-method: /],
    [{ scenario: 'none' }, /^--scenario: /],
    [{ policy: '10' }, /^--policy: takes requests\/seconds/],
    [{ policy: '0/2' }, /^--policy: is out of range/],
    [{ database: 'mysql://host/db' }, /^--database: takes a postgres/],
    [{ runs: '0' }, /^--runs: /],
    [{ seconds: '0' }, /^--seconds: /],
    [{ limiter: 'express-draft-7,express-draft-99' }, /^--limiter: .*express-draft-8/],
  ])('refuses %o', (raw, fault) => {
    expect(faultsFrom(raw)[0]).toMatch(fault);
  });
});

describe('the variants', () => {
  test('of a matrix are every combination of its lists', () => {
    const options = optionsFrom({ concurrency: '1,5', limit: '1000,5000', latency: '0,20,100' });
    const variants = matrixVariants(options);
    expect(variants).toHaveLength(12);
    expect(new Set(variants.map((variant) => JSON.stringify(variant))).size).toBe(12);
    expect(variants[0]).toMatchObject({ events: 500_000, writeMethod: 'auto' });
  });

  test('of limit have a latency above the spacing and a restart for each policy', () => {
    const variants = limitVariants({ options: optionsFrom({ policy: '10/2,10/6' }) });
    for (const spacingMs of [200, 600]) {
      const own = variants.filter(({ policy }) => policy.windowMs / policy.quota === spacingMs);
      expect(own.some(({ latencyMs }) => latencyMs > spacingMs)).toBe(true);
      expect(own.some(({ latencyMs }) => latencyMs < spacingMs)).toBe(true);
      expect(own.filter(({ isRestarted }) => isRestarted)).toHaveLength(1);
      expect(own.every(({ windows }) => windows >= 10)).toBe(true);
    }
  });
});

describe('what Linux tells of processes', () => {
  test('CPU time is read behind a name that holds blanks and brackets', () => {
    const text = '42 (post) gres: a (b)) S 7 42 42 0 -1 4194560 1 2 3 4 150 50 30 20 20 0 1 0';
    expect(parseStat(text)).toEqual({ pid: 42, parent: 7, ownMs: 2000, endedChildrenMs: 500 });
  });

  test('what is no such line is null', () => {
    expect(parseStat('')).toBeNull();
    expect(parseStat('42 (node) S 7')).toBeNull();
  });

  test('resident memory is in bytes', () => {
    expect(parseRssBytes('Name:\tnode\nVmHWM:\t  900 kB\nVmRSS:\t  123 kB\n')).toBe(123 * 1024);
    expect(parseRssBytes('Name:\tkthreadd\n')).toBeNull();
  });

  test('a tree is its root, all descendants and the children that they outlived', () => {
    const times = (pid: number, parent: number, ownMs: number, endedChildrenMs = 0) => ({
      pid,
      parent,
      ownMs,
      endedChildrenMs,
    });
    const all = [times(1, 0, 1000), times(5, 1, 10, 100), times(6, 5, 20), times(7, 6, 30, 5)];
    expect(treeMs(5, all)).toBe(165);
    expect(treeMs(9, all)).toBeNull();
  });
});
