/** An API by cursor whose limit is one of points, told in headers that look like those of a limit of requests. */
import type { ApiContract, ApiOptions } from './contract.js';
import { CostBucket } from './cost-bucket.js';
import { cursorApi } from './cursor-api.js';
import type { ApiLimit } from './limits.js';
import { problem } from './plain-api.js';

export interface HeaderCostOptions extends Omit<ApiOptions<'items'>, 'limit'> {
  /** Of each request. */
  readonly cost: number;
  readonly capacity: number;
  readonly restorePerSecond: number;
}

/** `X-Complexity`, `X-RateLimit-Complexity-Limit` and `-Remaining`; 429 when too few points are left. */
export function headerCostApi(options: HeaderCostOptions): ApiContract<'items'> {
  const { cost, capacity, restorePerSecond } = options;
  const bucket = new CostBucket(capacity, restorePerSecond);
  const points: ApiLimit = {
    name: 'points',
    arrive(request) {
      const { isPermitted, available } = bucket.take(cost, request.nowMs);
      const headers = {
        'X-Complexity': String(cost),
        'X-RateLimit-Complexity-Limit': String(capacity),
        'X-RateLimit-Complexity-Remaining': String(available),
      };
      return { headers, refusal: isPermitted ? null : problem(429, 'Too few points are left.') };
    },
    leave() {},
  };
  return { ...cursorApi({ ...options, limit: null }), limits: [points] };
}
