/**
 * How the program paces, by its own log and by the server's. What a simulator in the process of the test
 * counts is late by whatever stalls that process, and a line of the log by what stalls the program: a
 * request too many is one that both have seen. `ingest-limit` and `ingest-run` have windows so wide that
 * the server's count is the proof.
 */
import { expect } from 'vitest';
import type { Simulation } from './ingest-check.js';
import type { Exit } from './ingest-process.js';
import { fullestWindow } from './windows.js';

/** A start is logged, and an arrival counted, a moment late, on a busy machine some ten milliseconds. */
const LATE_MS = 100;

/** Fails when processes of a run, of which each logs its pages, have asked for more than the limit permits. */
export function expectPaced(
  exits: readonly Exit[],
  { settings, stats }: Pick<Simulation, 'settings' | 'stats'>,
): void {
  const { eventsQuota, eventsWindowMs } = settings;
  const startsMs = exits.flatMap(startsOf);
  expect(startsMs.length, 'requests in the log').toBeGreaterThan(0);
  const quota = eventsQuota === 0 ? Number.POSITIVE_INFINITY : eventsQuota;
  const spanMs = eventsWindowMs - LATE_MS;
  const fullest = [startsMs, stats().eventsArrivalsMs].map((atMs) => fullestWindow(atMs, spanMs));
  expect(Math.min(...fullest)).toBeLessThanOrEqual(quota);
}

/** Epoch ms. */
function startsOf({ stderr }: Exit): number[] {
  const lines = stderr.split('\n').filter((line) => line.includes('"event":"page_requested"'));
  return lines.map((line) => Date.parse((JSON.parse(line) as { time: string }).time));
}
