/** Which declared limits the requests of a stream are under, and how the limiter is told of them. */
import { describe, expect, test } from 'vitest';
import { NO_LIMITS } from '../../src/core/limit-log.js';
import {
  declaredConcurrency,
  limitsOfStream,
  withDeclared,
} from '../../src/session/declared-limits.js';
import { compileSource } from '../../src/source/compile-source.js';
import type { DeclaredLimit } from '../../src/source/plan.js';
import { planOf } from '../support/source-files.js';

const ANY: DeclaredLimit = {
  ...{ path: null, method: null, quota: 6, windowMs: 1000, concurrency: null },
};

/** The quotas that count for a stream whose base URL has the path `/v1`. */
function quotasOf(path: string, limits: readonly DeclaredLimit[]): (number | null)[] {
  const file = `client: { base_url: 'https://api.example.com/v1' }
resources: [{ name: items, endpoint: '${path}' }]`;
  const spec = compileSource(planOf(file), 'items', { nowMs: 0, secrets: [] });
  const source = { spec, limits, origin: 'https://api.example.com', basePath: '/v1' };
  return limitsOfStream(source).map(({ quota }) => quota);
}

describe('a limit with a path', () => {
  const limits = [ANY, { ...ANY, path: '/search', quota: 30 }];

  test.each([
    ['search', [6, 30]],
    ['search/issues?q=a', [6, 30]],
    ['searches', [6]],
    ['v1/search', [6]],
    ['https://api.example.com/v1/search', [6, 30]],
    ['https://api.example.com/v10/search', [6]],
  ])('is of requests below the base URL: %s', (path, quotas) => {
    expect(quotasOf(path, limits)).toEqual(quotas);
  });
});

test('a limit with a method is of requests with that alone', () => {
  expect(quotasOf('items', [{ ...ANY, method: 'POST' }])).toEqual([]);
  expect(quotasOf('items', [{ ...ANY, method: 'GET' }])).toEqual([6]);
});

test('of several limits of requests at once the least counts', () => {
  expect(declaredConcurrency([ANY])).toBeNull();
  expect(declaredConcurrency([4, 2, 9].map((concurrency) => ({ ...ANY, concurrency })))).toBe(2);
});

test('a limit keeps its starts from run to run; one that is taken out of the file is forgotten', () => {
  expect(withDeclared(null, [])).toBeNull();
  const first = withDeclared(NO_LIMITS, [ANY]) ?? NO_LIMITS;
  expect(first.limits).toMatchObject([{ policy: { quota: 6, windowMs: 1000 }, startsMs: [] }]);
  const log = { ...first, limits: first.limits.map((one) => ({ ...one, startsMs: [5, 7] })) };
  expect(withDeclared(log, [ANY])?.limits).toMatchObject([{ startsMs: [5, 7] }]);
  const changed = withDeclared(log, [{ ...ANY, quota: 9 }]);
  expect(changed?.limits).toMatchObject([{ policy: { quota: 9 }, startsMs: [5, 7] }]);
  expect(withDeclared(log, [])?.limits).toEqual([]);
});
