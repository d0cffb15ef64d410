/** What a run says of itself: with names and places, and not twice. */
import { expect, test } from 'vitest';
import type { Fault } from '../../src/core/fault.js';
import { Limiter } from '../../src/core/limiter.js';
import type { FetchCommand, WriteCommand } from '../../src/runtime/run-observer.js';
import { RunLog } from '../../src/session/run-log.js';
import { captureLog } from '../support/captured-log.js';
import { limitsSaid } from '../support/limits-said.js';

const FAULT: Fault = { code: 'NETWORK', message: 'gone', retryable: true };
const PLACE = { segment: 3, page: 7 };

test('what was learned of the limits is said once, with all that are known', async () => {
  const { log, records } = await captureLog('info');
  const said = new RunLog(log);
  const limiter = new Limiter({ assumed: { quota: 10, windowMs: 60_000 }, nowMs: 0 });
  said.limitSeen(limiter);
  expect(records()).toEqual([]);
  const answer = (atMs: number, quota: number) => {
    const request = limiter.take(atMs);
    const observed = limitsSaid({ quota, remaining: quota - 1, windowMs: 2_000 });
    const times = { sentAtMs: atMs, headAtMs: atMs + 1, dateMs: null };
    limiter.accepted(request, { ...times, observed });
    said.limitSeen(limiter);
  };
  answer(0, 10);
  answer(5_000, 10);
  answer(10_000, 5);
  expect(records()).toMatchObject([
    { quota: 10, windowMs: 2_000, limits: [{ name: 'x-ratelimit', from: 'announced' }] },
    { quota: 5, windowMs: 2_000 },
  ]);
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
