/**
 * What is promised of a run behind a limiter, and what of it was not kept. Pure.
 *
 * Where the answers tell the limits: 0.97 of the permitted is used (0.93 where a window is under 3 s) and
 * nothing is refused. Elsewhere: 0.85, and at most 3 % refused. Always: every row, once; an end; and a
 * report whose figure is the server's.
 */
import type { LimiterSpec } from './catalogue.js';

export interface LimiterOutcome {
  /** `complete`, how else it ended, or that it did not. */
  readonly ending: string;
  readonly hasAllRows: boolean;
  readonly accepted: number;
  readonly refused: number;
  /** By the server's own count; null where no request had to wait. */
  readonly share: number | null;
  /** By the program's report; null where it states none. */
  readonly saidShare: number | null;
}

const TOLD_SHARE = 0.97;
const TOLD_SHORT_SHARE = 0.93;
const SHORT_WINDOW_MS = 3_000;
const UNTOLD_SHARE = 0.85;
const UNTOLD_REFUSED_MAX = 0.03;
const SAID_APART_MAX = 0.02;

/** @returns what was not kept; empty when all was */
export function broken(
  { limits, isTold }: Pick<LimiterSpec, 'limits' | 'isTold'>,
  outcome: LimiterOutcome,
): string[] {
  const { ending, share, saidShare, refused, accepted } = outcome;
  const longestMs = Math.max(
    ...limits.map((limit) => (limit.kind === 'window' ? limit.windowMs : 0)),
  );
  const toldShare = longestMs < SHORT_WINDOW_MS ? TOLD_SHORT_SHARE : TOLD_SHARE;
  const refusedMax = isTold ? 0 : UNTOLD_REFUSED_MAX;
  // A number in flight permits no number of requests that a report could hold itself against.
  const isCountable = limits.every((limit) => limit.kind !== 'inFlight');
  const isSaidRight = saidShare !== null && Math.abs(saidShare - (share ?? 0)) <= SAID_APART_MAX;
  const faults: readonly [string, boolean][] = [
    [ending, ending !== 'complete'],
    ['rows', ending === 'complete' && !outcome.hasAllRows],
    ['refused', refused / Math.max(1, accepted + refused) > refusedMax],
    ['share', (share ?? 0) < (isTold ? toldShare : UNTOLD_SHARE)],
    ['said', ending === 'complete' && isCountable && !isSaidRight],
  ];
  return faults.flatMap(([name, isBroken]) => (isBroken ? [name] : []));
}
