/** How fast a bucket of requests empties. */
import { expect, test } from 'vitest';
import { LeakEvidence } from '../../src/core/leak-evidence.js';

test('what the API says of it holds until a refusal disproves it', () => {
  const leak = new LeakEvidence();
  leak.told(0.05);
  expect(leak.leastPerMs).toBe(0.05);
  leak.disproved();
  leak.told(0.05);
  expect(leak.leastPerMs).toBeCloseTo(0.045);
});

test('what was seen of it stands where the API says less', () => {
  const leak = new LeakEvidence();
  leak.restore(0.08);
  leak.told(0.05);
  expect(leak.leastPerMs).toBe(0.08);
});
