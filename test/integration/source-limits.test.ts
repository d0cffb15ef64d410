/** Source files that name a limit which answers tell in words of the API's own. */
import { expect, test } from 'vitest';
import { headerCostApi } from '../support/apis/header-cost-api.js';
import { useSourceRuns } from '../support/source-runs.js';

const runs = useSourceRuns();
const { apis } = runs;

test('points in headers are kept to, and used', async () => {
  const points = { cost: 12, capacity: 120, restorePerSecond: 240 };
  const api = await apis.start(headerCostApi({ ...points, count: 1_200, pageSizeMax: 20 }));
  const cost = {
    request_header: 'X-Complexity',
    available_header: 'X-RateLimit-Complexity-Remaining',
    maximum_header: 'X-RateLimit-Complexity-Limit',
  };
  const source = runs.source({
    paginator: { type: 'cursor', cursor_path: 'paging.next', cursor_param: 'cursor' },
    endpoint: { data_selector: 'items' },
    ingestion: { limits: [{ cost }] },
    stream: { page_size: { param: 'limit', max: 20 } },
  });
  await runs.drain(source, api);
  await runs.expectStored(source, api, api.records('items'));
  expect(api.refused).toBe(0);
  const times = api.requests.map(({ atMs }) => atMs);
  const tookMs = Math.max(...times) - Math.min(...times);
  // 60 requests of 12 points, of which 120 are there and 240 come back each second: 2.5 s at best.
  expect(tookMs).toBeGreaterThan(2_300);
  expect(tookMs).toBeLessThan(5_000);
});
