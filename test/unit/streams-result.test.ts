/** What several streams of one ingestion come to. */
import { describe, expect, test } from 'vitest';
import {
  failuresText,
  isForAPerson,
  type NamedResult,
  resultOfStreams,
} from '../../src/commands/streams-result.js';
import type { RunOutcome } from '../../src/core/scheduler-types.js';
import { concernsAll } from '../../src/session/concerns-all.js';

const result = (stream: string, status: string, exitCode: number): NamedResult => ({
  ...{ stream, status, exitCode, message: `${stream} is ${status}`, fault: null },
});
const complete = result('a', 'complete', 0);
const paused = result('p', 'paused', 3);
const failed = result('f', 'failed', 1);
const forbidden = result('g', 'failed', 4);

test.each([
  ['all complete', [complete, complete], { status: 'complete', exitCode: 0 }],
  ['some paused', [complete, paused], { status: 'paused', exitCode: 3 }],
  ['some failed', [complete, failed], { status: 'complete_with_failures', exitCode: 1 }],
  [
    'a permission missing',
    [complete, forbidden],
    { status: 'complete_with_failures', exitCode: 1 },
  ],
  ['some failed, some paused', [complete, failed, paused], { status: 'failed', exitCode: 1 }],
  ['all failed', [forbidden, failed], { status: 'failed', exitCode: 4 }],
] as const)('%s', (_, results, expected) => {
  expect(resultOfStreams(results, null)).toMatchObject({ ...expected, streams: results });
});

const kept: NamedResult = { ...result('k', 'complete', 1), keptReason: 'too many' };
const setting = result('s', 'failed', 2);
const waiting = result('w', 'not_begun', 1);

test.each([
  ['nothing is wrong', [complete], false],
  ['rows are kept', [complete, kept], true],
  ['a key is refused', [complete, forbidden], true],
  ['a setting is refused, and a child of it waits', [setting, waiting], true],
  ['rows are kept, and another may succeed later', [kept, failed], false],
  ['another may succeed later, and rows are kept', [failed, kept], false],
  ['a key is refused, and another may succeed later', [forbidden, failed], false],
  ['a key is refused, and another goes on later', [forbidden, paused], false],
  ['a stream waits for one that failed', [failed, waiting], false],
])('for a person: %s', (_, results, expected) => {
  expect(isForAPerson(results)).toBe(expected);
});

test('the failed streams are named with their reasons', () => {
  const results = [complete, failed, forbidden];
  expect(resultOfStreams(results, null).message).toBe('f: f is failed; g: g is failed');
  expect(failuresText(results)).toBe(
    'Complete with failures: 1 of 3 streams are complete.\n  f  f is failed\n  g  g is failed',
  );
  expect(failuresText([complete, paused])).toBeNull();
});

test('what has ended all of them decides, whatever failed before', () => {
  const outcome: RunOutcome = {
    status: 'failed',
    fault: { code: 'DATABASE_UNAVAILABLE', message: 'away', retryable: true },
  };
  const away = result('d', 'failed', 5);
  const stopped = resultOfStreams([failed, away, complete], outcome);
  expect(stopped).toMatchObject({ status: 'failed', exitCode: 5, message: 'd is failed' });
});

describe('what ends one stream ends all', () => {
  const failedBy = (fault: object) =>
    concernsAll({
      status: 'failed',
      fault: { code: 'CONTRACT', message: '', retryable: false, ...fault },
    });

  test.each([
    ['a key that is refused', { code: 'CREDENTIALS', status: 401 }, true],
    ['a token that is not to be had', { code: 'CREDENTIALS' }, true],
    ['a permission that is missing', { code: 'CREDENTIALS', status: 403 }, false],
    ['a path that is not there', { code: 'UNEXPECTED_STATUS', status: 404 }, false],
    ['a disk that is full', { code: 'DATABASE_REFUSED' }, true],
    ['a table of another form', { code: 'DATABASE_REFUSED', isOfStream: true }, false],
    ['a dead writer', { code: 'WORKER_DIED' }, true],
    ['too much in quarantine', { code: 'QUARANTINE_LIMIT' }, false],
  ])('%s', (_, fault, expected) => {
    expect(failedBy(fault)).toBe(expected);
  });

  test('a signal is for all, a pause for one', () => {
    expect(concernsAll({ status: 'interrupted' })).toBe(true);
    expect(concernsAll({ status: 'paused', reason: '', resumeAtMs: null })).toBe(false);
  });
});
