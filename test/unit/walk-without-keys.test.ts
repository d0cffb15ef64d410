/** A walk that would begin again, over rows that have no key. */
import { expect, test } from 'vitest';
import type { Fault } from '../../src/core/fault.js';
import { Frontier } from '../../src/core/frontier.js';
import { failed, limiterOf, NOW_MS, opaque, schedulerOver } from '../support/stepped-scheduler.js';

const EXPIRED: Fault = {
  ...{ code: 'CURSOR_EXPIRED', message: 'HTTP 410', retryable: true, status: 410 },
};

function refused(knowsRows: boolean) {
  const frontier = new Frontier(opaque);
  const seed = { segment: 1, after: null, bound: null };
  frontier.add({ ...seed, cursor: 'c', cursorExpiresAtMs: NOW_MS + 60_000 });
  const scheduler = schedulerOver(frontier, limiterOf(null), { knowsRows });
  scheduler.step([], NOW_MS);
  return scheduler.step([failed(1, EXPIRED)], NOW_MS);
}

test('begins again at once where rows that come again are known', () => {
  expect(refused(true)).toContainEqual(
    expect.objectContaining({
      type: 'openSegment',
      seed: expect.objectContaining({ after: null }),
    }),
  );
});

test('ends the session where they are not: what is stored has to go first', () => {
  const commands = refused(false);
  expect(commands).not.toContainEqual(expect.objectContaining({ type: 'openSegment' }));
  expect(commands).toContainEqual({
    type: 'finish',
    outcome: {
      ...{ status: 'paused', resumeAtMs: null },
      reason: expect.stringContaining('rows without a key would be stored twice'),
    },
  });
});
