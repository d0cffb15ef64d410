import { describe, expect, test } from 'vitest';
import { SpacingEvidence } from '../../src/core/spacing-evidence.js';

const INTERVAL_MS = 204;

/**
 * After so many requests that were accepted at the spacing; the last one left at `lastMs`.
 *
 * @param lateMs by how much the one at `lateIndex` came late
 */
function heldFor(
  count: number,
  lateMs = 0,
  lateIndex = count - 1,
): { evidence: SpacingEvidence; lastMs: number } {
  const evidence = new SpacingEvidence();
  for (let index = 0; index < count; index++) {
    evidence.accepted(index * INTERVAL_MS, index === lateIndex ? lateMs : 0, false);
  }
  return { evidence, lastMs: (count - 1) * INTERVAL_MS };
}

describe('a refusal at a spacing', () => {
  test('that its request surely kept shows that it is too close', () => {
    const { evidence, lastMs } = heldFor(50);
    expect(evidence.refused(lastMs + INTERVAL_MS, INTERVAL_MS, 1, false)).toBe(true);
    expect(evidence.tooCloseMs).toBe(INTERVAL_MS);
  });

  test('behind a request that came late shows no more than the rest of it', () => {
    const { evidence, lastMs } = heldFor(50, 30);
    expect(evidence.refused(lastMs + INTERVAL_MS, INTERVAL_MS, 1, false)).toBe(false);
    expect(evidence.tooCloseMs).toBe(INTERVAL_MS - 30);
  });

  test('behind a pause shows no more than the spacing', () => {
    const { evidence, lastMs } = heldFor(50);
    expect(evidence.refused(lastMs + 3 * INTERVAL_MS, INTERVAL_MS, 1, false)).toBe(true);
    expect(evidence.tooCloseMs).toBe(INTERVAL_MS);
  });

  test('that happens often is too close, late arrivals or not', () => {
    const { evidence, lastMs } = heldFor(50, 30);
    const verdicts = [1, 2, 3].map(() =>
      evidence.refused(lastMs + INTERVAL_MS, INTERVAL_MS, 1, false),
    );
    expect(verdicts).toEqual([false, false, true]);
    expect(evidence.refusedFactor).toBeCloseTo(1 + 3 / 50);
  });

  test('ends a try at once', () => {
    const { evidence, lastMs } = heldFor(50, 30);
    expect(evidence.refused(lastMs + INTERVAL_MS, INTERVAL_MS, 1, true)).toBe(true);
  });

  test('is measured over as many requests as a window lets in', () => {
    const { evidence, lastMs } = heldFor(50, 30);
    // The one before the last ten was not late.
    expect(evidence.refused(lastMs + INTERVAL_MS, INTERVAL_MS, 10, false)).toBe(true);
  });

  test('is measured over those that are remembered where a window lets in more', () => {
    const REMEMBERED = 1_000;
    const lateMs = 100 * REMEMBERED;
    const { evidence, lastMs } = heldFor(1_500, lateMs, 500);
    evidence.refused(lastMs + INTERVAL_MS, INTERVAL_MS, 5_000, false);
    expect(evidence.tooCloseMs).toBeCloseTo(INTERVAL_MS - 100);
  });
});
