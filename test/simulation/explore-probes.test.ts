/** Probes whose finding hangs on when a request arrives, in simulated time. */
import { describe, expect, test } from 'vitest';
import { cursorLife } from '../../src/explore/probes/beside.js';
import { refusedCalls, windowKind } from '../../src/explore/probes/limits.js';
import { firstPage, largestPage } from '../../src/explore/probes/pages.js';
import { twoAtOnce } from '../../src/explore/probes/together.js';
import { probeInSimulatedTime } from '../support/simulated-probes.js';

test.each([true, false])('whether refused calls count is found: %s', async (refusedCallsCount) => {
  const knobs = { eventsQuota: 8, eventsWindowMs: 1_000, refusedCallsCount };
  const said = await probeInSimulatedTime([firstPage, refusedCalls], { knobs });
  expect(said('limit.refused-calls-count')).toEqual({
    value: refusedCallsCount,
    confidence: 'measured',
  });
});

test.each(['sliding', 'fixed'] as const)('that a window is %s is found', async (kind) => {
  const knobs = { eventsWindowMs: 2_000, windowKind: kind };
  const said = await probeInSimulatedTime([firstPage, largestPage, windowKind], { knobs });
  expect(said('limit.window-kind')).toEqual({ value: kind, confidence: 'measured' });
});

test('a cursor that is outlived is measured', async () => {
  const knobs = { cursorTtlMs: 2_000 };
  const said = await probeInSimulatedTime([firstPage, cursorLife], { knobs });
  expect(said('cursor.life')).toEqual({ value: 2_000, confidence: 'measured' });
});

describe('two at once', () => {
  const probes = [firstPage, largestPage, twoAtOnce];
  const knobs = { latencyMs: 250, pageCap: 100 };

  test('help where latency is what takes the time', async () => {
    const said = await probeInSimulatedTime(probes, { knobs });
    expect(said('concurrency.helps')).toEqual({ value: true, confidence: 'measured' });
  });

  test('do not where the API answers one after the other', async () => {
    const said = await probeInSimulatedTime(probes, { knobs, takesTurns: true });
    expect(said('concurrency.helps')).toEqual({ value: false, confidence: 'measured' });
  });
});
