import { describe, expect, test } from 'vitest';
import { DEFAULT_BACKOFF, decideRetry } from '../../src/core/backoff.js';
import type { Fault, FaultCode } from '../../src/core/fault.js';
import {
  decideOnContradiction,
  decideOnFault,
  decideOnRefreshFault,
} from '../../src/core/fault-decision.js';
import { PageJob } from '../../src/core/page-job.js';

const fault = (code: FaultCode, retryable = true): Fault => ({ code, message: code, retryable });
const job = (cursor: string | null = 'c') =>
  new PageJob({
    segment: 1,
    page: 1,
    cursor,
    cursorExpiresAtMs: 0,
    after: null,
    isAfterKnown: true,
    predecessor: null,
  });
const heard = { hasAnswer: true, hasPage: true, silentMs: 0, attemptMs: 0 };
const how = { backoff: DEFAULT_BACKOFF, random: 0.5, commits: 0, heard };

describe('back-off', () => {
  test('full jitter: from zero to a ceiling that doubles', () => {
    expect(decideRetry(DEFAULT_BACKOFF, 1, 0)).toMatchObject({ delayMs: 0 });
    expect(decideRetry(DEFAULT_BACKOFF, 1, 0.999)).toMatchObject({ delayMs: 500 * 0.999 });
    expect(decideRetry(DEFAULT_BACKOFF, 3, 0.5)).toMatchObject({ delayMs: 1000, isPause: false });
  });

  test('after maxRetries quick ones the page gets a longer pause, and starts over', () => {
    expect(decideRetry(DEFAULT_BACKOFF, 4, 1)).toMatchObject({ isPause: true, delayMs: 30_000 });
    expect(decideRetry(DEFAULT_BACKOFF, 5, 1)).toMatchObject({ isPause: false, delayMs: 500 });
    expect(decideRetry(DEFAULT_BACKOFF, 8, 1)).toMatchObject({ isPause: true, delayMs: 60_000 });
  });

  test('a sick API ends the run in the end', () => {
    expect(decideRetry(DEFAULT_BACKOFF, 4 * 5, 0.5).type).toBe('retry');
    expect(decideRetry(DEFAULT_BACKOFF, 4 * 6, 0.5)).toEqual({ type: 'giveUp' });
  });
});

describe('faults of a page', () => {
  test('a refusal costs no attempt', () => {
    const page = job();
    expect(decideOnFault(page, fault('RATE_LIMITED'), how)).toEqual({ type: 'silence' });
    expect(page.troubles.failures).toBe(0);
  });

  test('refused credentials end the run at once', () => {
    expect(decideOnFault(job(), fault('CREDENTIALS', false), how).type).toBe('failRun');
  });

  test('a page that kills workers three times is reported', () => {
    const page = job();
    expect(decideOnFault(page, fault('WORKER_DIED'), how).type).toBe('retry');
    expect(decideOnFault(page, fault('WORKER_DIED'), how).type).toBe('retry');
    expect(decideOnFault(page, fault('WORKER_DIED'), how)).toMatchObject({
      type: 'failRun',
      fault: { message: expect.stringContaining('killed a worker 3 times') },
    });
  });

  test('a whole answer that is no page gets one more look while no page was good', () => {
    const page = job();
    const other = fault('NOT_A_PAGE');
    const first = { ...how, heard: { ...heard, hasPage: false } };
    expect(decideOnFault(page, fault('NETWORK'), first).type).toBe('retry');
    expect(decideOnFault(page, other, first)).toMatchObject({ type: 'retry', isPause: false });
    expect(decideOnFault(page, other, first)).toEqual({ type: 'failRun', fault: other });
  });

  test('a whole answer that is no page is asked for again after a good page', () => {
    const page = job();
    for (let failure = 0; failure < 9; failure++) {
      expect(decideOnFault(page, fault('NOT_A_PAGE'), how).type).toBe('retry');
    }
  });

  test('a contradiction is worth more looks and one pause, however often the page failed before', () => {
    const page = job();
    for (let failure = 0; failure < 3; failure++) decideOnFault(page, fault('NETWORK'), how);
    const { maxRetries, pauseMs } = DEFAULT_BACKOFF;
    const looks = Array.from({ length: 2 * maxRetries + 1 }, () =>
      decideOnContradiction(page, how),
    );
    const pauses = looks.flatMap((look, index) =>
      look.type === 'retry' && look.delayMs >= pauseMs / 2 ? [index] : [],
    );
    expect(looks.every(({ type }) => type === 'retry')).toBe(true);
    expect(pauses).toEqual([maxRetries]);
    expect(decideOnContradiction(page, how).type).toBe('giveUp');
  });

  test('a cursor that died while its page failed costs a new cursor, and not the run', () => {
    const page = job();
    for (let failure = 0; failure < 9; failure++) decideOnFault(page, fault('TIMEOUT'), how);
    for (let refusal = 0; refusal < 3; refusal++) {
      expect(decideOnFault(page, fault('CURSOR_EXPIRED'), how).type).toBe('newCursor');
    }
    expect(decideOnFault(page, fault('CURSOR_EXPIRED'), how).type).toBe('failRun');
    expect(page.troubles.failures).toBe(9);
  });

  test('a page that fails for good rests while others come through, and then ends the run', () => {
    const page = job();
    const { maxRetries, maxPauses } = DEFAULT_BACKOFF;
    const failures = (maxRetries + 1) * (maxPauses + 1);
    for (let failure = 1; failure < failures; failure++) {
      expect(decideOnFault(page, fault('PAGE_MALFORMED'), how).type).toBe('retry');
    }
    const others = { ...how, commits: 7 };
    expect(decideOnFault(page, fault('PAGE_MALFORMED'), others)).toMatchObject({
      ...{ type: 'retry', isPause: true, delayMs: 360_000 },
    });
    for (let failure = 0; failure < maxRetries; failure++) {
      expect(decideOnFault(page, fault('PAGE_MALFORMED'), others).type).toBe('retry');
    }
    expect(decideOnFault(page, fault('PAGE_MALFORMED'), others)).toMatchObject({
      type: 'pauseRun',
    });
  });

  test('Retry-After is a floor under the jitter', () => {
    const busy = { ...fault('HTTP_STATUS'), retryAfterMs: 9000 };
    expect(decideOnFault(job(), busy, { ...how, random: 0 })).toMatchObject({ delayMs: 9000 });
  });
});

describe('while nothing has ever answered', () => {
  const unheard = { ...heard, hasAnswer: false, hasPage: false };

  /** Attempts until the run ends, each of them as long as `attemptMs`. */
  function attempts(code: FaultCode, attemptMs: number, random: number) {
    const page = job();
    for (let silentMs = attemptMs, count = 1; ; count++) {
      const state = { ...unheard, silentMs, attemptMs };
      const decision = decideOnFault(page, fault(code), { ...how, random, heard: state });
      if (decision.type !== 'retry') return { decision, count, silentMs };
      silentMs += decision.delayMs + attemptMs;
    }
  }

  test.each([
    ['NETWORK', 1, 0],
    ['NETWORK', 1, 0.5],
    ['NETWORK', 1, 0.999],
    ['NETWORK', 3_000, 0.5],
    ['TIMEOUT', 10_000, 0.5],
    ['TIMEOUT', 30_000, 0.999],
  ] as const)('%s after attempts of %d ms ends it within a minute', (code, attemptMs, random) => {
    const { decision, count, silentMs } = attempts(code, attemptMs, random);
    expect(decision).toMatchObject({
      type: 'pauseRun',
      reason: expect.stringMatching(/^nothing has answered in \d+ s$/),
    });
    expect(silentMs).toBeLessThanOrEqual(60_000);
    expect(count).toBeGreaterThanOrEqual(attemptMs < 10_000 ? 8 : 1);
  });

  test('an address that cannot be right is asked a few times in quick succession', () => {
    const { decision, count, silentMs } = attempts('ADDRESS', 5, 0.999);
    expect(decision).toMatchObject({ type: 'failRun', fault: { code: 'ADDRESS' } });
    expect(count).toBe(DEFAULT_BACKOFF.maxRetries + 1);
    expect(silentMs).toBeLessThan(5_000);
  });

  test.each(['NETWORK', 'TIMEOUT', 'ADDRESS'] as const)(
    'but not once something has answered: %s has the patience of any page',
    (code) => {
      const page = job();
      const answered = { ...how, heard: { ...unheard, hasAnswer: true, silentMs: 999_999 } };
      const failures = (DEFAULT_BACKOFF.maxRetries + 1) * (DEFAULT_BACKOFF.maxPauses + 1);
      for (let failure = 1; failure < failures; failure++) {
        expect(decideOnFault(page, fault(code), answered).type).toBe('retry');
      }
      expect(decideOnFault(page, fault(code), answered)).toEqual({
        ...{ type: 'pauseRun', reason: 'the API is not well' },
      });
    },
  );
});

describe('faults that are retried, and then end the run', () => {
  const { maxRetries } = DEFAULT_BACKOFF;
  const retriesOf = (code: FaultCode, state = heard) => {
    const page = job();
    for (let count = 0; ; count++) {
      const decision = decideOnFault(page, fault(code), { ...how, heard: state });
      if (decision.type !== 'retry') return { count, type: decision.type };
    }
  };

  test('an unexpected status before any page: at once', () => {
    const state = { ...heard, hasPage: false };
    expect(retriesOf('UNEXPECTED_STATUS', state)).toEqual({ count: 0, type: 'failRun' });
  });

  test.each(['UNEXPECTED_STATUS', 'MACHINE'] as const)('%s: after one longer pause', (code) => {
    expect(retriesOf(code)).toEqual({ count: 2 * maxRetries + 1, type: 'failRun' });
  });

  test('this machine without memory from the start: likewise, and not as a silent API', () => {
    const state = { hasAnswer: false, hasPage: false, silentMs: 999_999, attemptMs: 0 };
    expect(retriesOf('MACHINE', state)).toEqual({ count: 2 * maxRetries + 1, type: 'failRun' });
  });
});

test('a cursor that has expired where none was sent is a wrong address', () => {
  expect(decideOnFault(job(null), fault('CURSOR_EXPIRED'), how)).toMatchObject({
    ...{ type: 'failRun', fault: { remedy: 'Check the address of the API' } },
  });
});

describe('faults of a refresh', () => {
  test('silence the bucket, end the run or hold off the next one, and cost the page nothing', () => {
    const page = job();
    const decide = (code: FaultCode, retryable = true) =>
      decideOnRefreshFault(page, fault(code, retryable), how);
    expect(decide('RATE_LIMITED')).toEqual({ type: 'silence' });
    expect(decide('CREDENTIALS', false)).toEqual({ type: 'failRun' });
    expect(decide('CURSOR_EXPIRED')).toEqual({ type: 'leave' });
    expect(decide('NETWORK')).toEqual({ type: 'retry', delayMs: 250 });
    expect(decide('NETWORK')).toEqual({ type: 'retry', delayMs: 500 });
    const rest = Array.from({ length: 22 }, () => decide('NETWORK').type);
    expect(rest.slice(0, 21)).not.toContain('leave');
    expect(rest.at(-1)).toBe('leave');
    expect(page.troubles).toMatchObject({ failures: 0, cursorRefusals: 0 });
  });
});
