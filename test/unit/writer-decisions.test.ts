import { describe, expect, test } from 'vitest';
import type { Fault } from '../../src/core/fault.js';
import {
  delayAfter,
  endOutage,
  noFailures,
  noOutage,
  telling,
} from '../../src/postgres/database-retry.js';
import { afterPage, initialChoice, type MethodChoice } from '../../workers/writer/method-choice.js';
import { storableText } from '../../workers/writer/quarantine-rows.js';
import { readWriteError } from '../../workers/writer/write-error.js';

function afterPages(choice: MethodChoice, knownRows: readonly number[]): MethodChoice {
  return knownRows.reduce(afterPage, choice);
}

describe('the method of the next page', () => {
  test('COPY is left when two of the last eight pages held known rows', () => {
    const once = afterPages(initialChoice('auto', false), [1]);
    expect(once.current).toBe('copy');
    expect(afterPages(once, [0, 0, 0, 0, 0, 0, 3]).current).toBe('insert');
    expect(afterPages(once, [0, 0, 0, 0, 0, 0, 0, 3]).current).toBe('copy');
  });

  test('COPY is taken up again after eight pages without a known row', () => {
    const start = initialChoice('auto', true);
    expect(start.current).toBe('insert');
    expect(afterPages(start, [5000, 0, 0, 0, 0, 0, 0, 0]).current).toBe('insert');
    expect(afterPages(start, [5000, 0, 0, 0, 0, 0, 0, 0, 0]).current).toBe('copy');
  });

  test('a forced method is kept whatever the pages hold', () => {
    expect(afterPages(initialChoice('copy', true), [9, 9, 9]).current).toBe('copy');
    expect(afterPages(initialChoice('insert', false), Array(20).fill(0)).current).toBe('insert');
  });
});

describe('the delay before the next attempt', () => {
  const conflict: Fault = { code: 'DATABASE_CONFLICT', message: 'deadlock', retryable: true };
  const away: Fault = { code: 'DATABASE_UNAVAILABLE', message: 'away', retryable: true };
  const clock = { retryForMs: 10_000, nowMs: 5_000, random: 0.5 };

  test('a conflict is tried again almost at once, until the deadline', () => {
    const failures = noFailures();
    const delays = Array.from({ length: 30 }, () =>
      delayAfter(failures, noOutage(), conflict, clock),
    );
    expect(delays[0]).toBeLessThan(10);
    expect(delays.every((delay) => delay !== null && delay <= 500)).toBe(true);
    const late = { ...clock, nowMs: clock.nowMs + clock.retryForMs };
    expect(delayAfter(failures, noOutage(), conflict, late)).toBeNull();
  });

  test('a conflict whose first attempt outlasts the deadline is tried again three times', () => {
    const failures = noFailures();
    let nowMs = 0;
    let attempts = 1;
    while (delayAfter(failures, noOutage(), conflict, { ...clock, nowMs }) !== null) {
      attempts++;
      nowMs += clock.retryForMs;
    }
    expect(attempts).toBe(4);
  });

  test('a database that is away is waited for with growing delays until the deadline', () => {
    const failures = noFailures();
    let nowMs = 1_000;
    const delays: number[] = [];
    for (;;) {
      const delayMs = delayAfter(failures, noOutage(), away, { ...clock, nowMs });
      if (delayMs === null) break;
      delays.push(delayMs);
      nowMs += delayMs;
    }
    expect(delays.slice(0, 3)).toEqual([75, 150, 300]);
    expect(nowMs).toBe(11_000);
  });

  test('a final fault is not tried again', () => {
    const refused: Fault = { code: 'DATABASE_REFUSED', message: 'no right', retryable: false };
    expect(delayAfter(noFailures(), noOutage(), refused, clock)).toBeNull();
  });

  test('what waits behind a statement that was given up does not wait as long again', () => {
    const outage = noOutage();
    const late = { ...clock, nowMs: clock.nowMs + clock.retryForMs };
    expect(delayAfter(noFailures(), outage, away, clock)).not.toBeNull();
    expect(delayAfter(noFailures(), outage, away, late)).toBeNull();
    endOutage(outage);
    expect(delayAfter(noFailures(), outage, away, late)).not.toBeNull();
  });

  test('a server that goes down of its full disk is reported by the disk', () => {
    const outage = noOutage();
    const full: Fault = { code: 'DATABASE_REFUSED', message: 'disk full', retryable: true };
    delayAfter(noFailures(), outage, full, clock);
    delayAfter(noFailures(), outage, away, clock);
    expect(telling(outage, away)).toBe(full);
    endOutage(outage);
    expect(telling(outage, away)).toBe(away);
  });
});

test('an outage that one page was given up for is told to those behind it, until a page succeeds', () => {
  const away: Fault = { code: 'DATABASE_UNAVAILABLE', message: 'away', retryable: true };
  const outage = noOutage();
  delayAfter(noFailures(), outage, away, { retryForMs: 10, nowMs: 0, random: 0 });
  expect(outage.givenUp).toBeNull();
  delayAfter(noFailures(), outage, away, { retryForMs: 10, nowMs: 10, random: 0 });
  expect(outage.givenUp).toBe(away);
  endOutage(outage);
  expect(outage.givenUp).toBeNull();
});

describe('what an error of a write means', () => {
  test.each([
    [{ code: '23505', table: 'ingestion_pages' }, 'pageKnown'],
    [{ code: '23505', table: 'ingested_events' }, 'rowKnown'],
    [{ code: '22P05', message: 'unsupported Unicode escape sequence' }, 'rowRefused'],
    [{ code: '54000', message: 'too large' }, 'rowRefused'],
    [{ code: '23514', message: 'violates check constraint' }, 'rowRefused'],
    [{ code: '40P01', message: 'deadlock detected' }, 'fault'],
    [{ code: 'EPIPE', message: 'write EPIPE' }, 'fault'],
    [new Error('Connection terminated unexpectedly'), 'fault'],
  ] as const)('%o is %s', (error, type) => {
    expect(readWriteError(error, 'ingested_events').type).toBe(type);
  });

  test('the reason holds the words of the server, its detail and its code', () => {
    const error = {
      code: '22P02',
      message: 'invalid input syntax',
      detail: 'Token "x" is invalid.',
    };
    expect(readWriteError(error, 'ingested_events')).toEqual({
      type: 'rowRefused',
      reason: 'PostgreSQL refused it: invalid input syntax: Token "x" is invalid. (22P02)',
    });
  });
});

test('text with NUL or half a surrogate pair is made storable', () => {
  expect(storableText('a\0b')).toBe('a\\u0000b');
  expect(storableText('a\ud83d!')).toBe('a\ufffd!');
  expect(storableText('a😀ä')).toBe('a😀ä');
});
