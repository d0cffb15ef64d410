/**
 * How the program paces, by the starts that its own log names. What a simulator in the process of the
 * test counts is late by whatever stalls that process, which no client can know: there a request too many
 * may be nobody's fault. `ingest-limit` and `ingest-run` have windows so wide that the server's count is
 * the proof.
 */
import { expect } from 'vitest';
import type { SimulatorSettings } from '../../src/simulator/settings.js';
import type { Exit } from './ingest-process.js';
import { fullestWindow } from './windows.js';

/** Processes of one run read the same clock, each to a fraction of a millisecond. */
const TOLERANCE_MS = 10;

export interface Paced extends Pick<Exit, 'stderr'> {
  /** How far the clock of the process is ahead. @default 0 */
  readonly skewMs?: number;
}

/** Fails when processes of a run, of which each logs its pages, have asked for more than the limit permits. */
export function expectPaced(
  exits: readonly Paced[],
  { eventsQuota, eventsWindowMs }: SimulatorSettings,
): void {
  const startsMs = exits.flatMap(startsOf);
  expect(startsMs.length, 'requests in the log').toBeGreaterThan(0);
  const quota = eventsQuota === 0 ? Number.POSITIVE_INFINITY : eventsQuota;
  expect(fullestWindow(startsMs, eventsWindowMs - TOLERANCE_MS)).toBeLessThanOrEqual(quota);
}

/** Epoch ms. */
function startsOf({ stderr, skewMs = 0 }: Paced): number[] {
  const lines = stderr.split('\n').filter((line) => line.includes('"event":"page_requested"'));
  return lines.map((line) => {
    const { startMs } = JSON.parse(line) as { startMs: unknown };
    expect(startMs, line).toBeTypeOf('number');
    return (startMs as number) - skewMs;
  });
}
