/** What follows when a share is over and its run is not: the run is entered again, and a lost lease is counted. */
import { expect, test } from 'vitest';
import type { FaultCode } from '../../src/core/fault.js';
import { entersRunAgain } from '../../src/session/members/share-end.js';
import type { SessionParts } from '../../src/session/session-parts.js';

function ended(code: FaultCode) {
  const counted = { lost: 0 };
  const parts = {
    context: { log: { warn: () => {} } },
    prepared: { run: { run: 7 } },
    share: { plan: 2 },
    shareObserver: { leaseLost: () => counted.lost++ },
  } as unknown as SessionParts;
  const fault = { code, message: 'why', retryable: false };
  return { again: entersRunAgain(parts, { status: 'failed', fault }), lost: counted.lost };
}

test('what others took over is a lost lease', () => {
  const again = { run: 7, plan: 2, plansAnew: false, hasLeftOrder: false };
  expect(ended('LEASE_LOST')).toEqual({ again, lost: 1 });
});

test('a plan that is wanted is none', () => {
  expect(ended('ORDER_LEFT')).toMatchObject({ again: { hasLeftOrder: true }, lost: 0 });
  expect(ended('PLAN_WANTED')).toMatchObject({ again: { plansAnew: true }, lost: 0 });
});

test('nor is a failure of the run', () => {
  expect(ended('HTTP_STATUS')).toEqual({ again: null, lost: 0 });
});
