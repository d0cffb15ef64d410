/** What a run says of itself: with names and places, and not twice. */
import { describe, expect, test } from 'vitest';
import { RunLog } from '../../src/cli/run-log.js';
import type { Fault } from '../../src/core/fault.js';
import { TokenBucket } from '../../src/core/token-bucket.js';
import type { FetchCommand, WriteCommand } from '../../src/runtime/run-observer.js';
import { captureLog } from '../support/captured-log.js';

const FAULT: Fault = { code: 'NETWORK', message: 'gone', retryable: true };
const PLACE = { segment: 3, page: 7 };

describe('the limit', () => {
  test('is said once it is learned, and again only when it is another', async () => {
    const { log, records } = await captureLog('info');
    const said = new RunLog(log);
    const bucket = new TokenBucket({ policy: { quota: 10, windowMs: 60_000 } });
    said.limitSeen(bucket);
    expect(records()).toEqual([]);
    for (const windowMs of [60_000, 59_000, 60_000, 61_000, 120_000]) {
      bucket.learn({ quota: 10, windowMs });
      said.limitSeen(bucket);
    }
    bucket.learn({ quota: 5, windowMs: 120_000 });
    said.limitSeen(bucket);
    bucket.learnUnlimited();
    said.limitSeen(bucket);
    said.limitSeen(bucket);
    expect(records().map(({ quota, windowMs }) => [quota, windowMs])).toEqual([
      [10, 60_000],
      [10, 120_000],
      [5, 120_000],
      [null, null],
    ]);
  });
});

test('a failed fetch and a failed write name segment, page and fault', async () => {
  const { log, records } = await captureLog('debug');
  const said = new RunLog(log);
  said.fetchFailed({ ...PLACE } as FetchCommand, FAULT);
  said.writeFailed({ ...PLACE } as WriteCommand, FAULT);
  said.noticed({ event: 'page_retried', ...PLACE, fault: FAULT, message: 'again in 1.0 s' });
  expect(records()).toMatchObject([
    { level: 'debug', event: 'fetch_failed', ...PLACE, fault: FAULT },
    { level: 'error', event: 'write_failed', ...PLACE, fault: FAULT },
    { level: 'warn', event: 'page_retried', ...PLACE, fault: FAULT },
  ]);
  expect(records()[2]?.message).toBe('segment 3, page 7: gone; again in 1.0 s');
});
