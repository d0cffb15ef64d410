import { expect, test } from 'vitest';
import type { RunOutcome } from '../../src/core/scheduler-types.js';
import { endOfOutcome } from '../../src/observe/alerts/alert-words.js';
import { reasonOf, resumeAtMsOf, statusAfter } from '../../src/observe/run-end.js';
import { readReport } from '../../src/observe/run-report.js';
import { sampleReport, sampleSession } from '../support/sample-report.js';

const INTERRUPTED: RunOutcome = { status: 'interrupted' };

test('a signal leaves a run paused, and is its reason', () => {
  expect(statusAfter(INTERRUPTED.status)).toBe('paused');
  expect(reasonOf(INTERRUPTED)).toBe('a signal to its process');
  expect(resumeAtMsOf(INTERRUPTED)).toBeNull();
  expect(endOfOutcome(INTERRUPTED)).toMatchObject({
    ...{ state: 'paused', reason: 'a signal to its process' },
    // Whoever sent the signal knows: it is by this that no alert is sent.
    status: 'interrupted',
  });
});

test('other ends keep their word, their reason and their instant', () => {
  const paused: RunOutcome = { status: 'paused', reason: 'the API is not well', resumeAtMs: 5 };
  expect(statusAfter(paused.status)).toBe('paused');
  expect([reasonOf(paused), resumeAtMsOf(paused)]).toEqual(['the API is not well', 5]);
  const fault = {
    code: 'CREDENTIALS',
    message: 'no',
    retryable: false,
    remedy: 'Mend it',
  } as const;
  const failed: RunOutcome = { status: 'failed', fault };
  expect([statusAfter(failed.status), reasonOf(failed)]).toEqual(['failed', 'no. Mend it']);
  expect([statusAfter('complete'), reasonOf({ status: 'complete' })]).toEqual(['complete', null]);
});

test('a report that version 0.1 has left says the same word', () => {
  const sessions = [sampleSession({ status: 'interrupted' }), sampleSession()];
  const read = readReport(sampleReport({ status: 'interrupted', sessions }));
  expect(read?.status).toBe('paused');
  expect(read?.sessions.map(({ status }) => status)).toEqual(['paused', 'complete']);
});
