/**
 * What a limit permits at best, to hold a server's log against: when request number `index` (from 0)
 * can be accepted at the earliest, counted from the first one. Pure.
 */

/** A limit as its server keeps it. */
export type Permit =
  | {
      readonly kind: 'window';
      readonly quota: number;
      readonly windowMs: number;
      /** The window of the first request began so much earlier. */
      readonly beganBeforeMs?: number;
    }
  | { readonly kind: 'bucket'; readonly capacity: number; readonly perSecond: number }
  | { readonly kind: 'inFlight'; readonly inFlightMax: number; readonly answerMs: number };

/** Of several limits: no earlier than each of them permits. */
export function earliestMs(permits: readonly Permit[], index: number): number {
  return Math.max(0, ...permits.map((permit) => earliestOf(permit, index)));
}

function earliestOf(permit: Permit, index: number): number {
  switch (permit.kind) {
    case 'window': {
      const windows = Math.floor(index / permit.quota);
      return windows * permit.windowMs - (permit.beganBeforeMs ?? 0);
    }
    case 'bucket':
      return ((index + 1 - permit.capacity) / permit.perSecond) * 1000;
    case 'inFlight':
      return Math.floor(index / permit.inFlightMax) * permit.answerMs;
  }
}

/**
 * Share of the permitted that was used: for the last request that had to wait for more to be permitted,
 * the earliest time over the time that it took.
 *
 * @param acceptedMs ascending
 * @param from counted from the first request, or from the one in the middle of those that had to wait:
 *   what a limiter that has learned its limits makes of them
 * @returns null while no request had to wait
 */
export function shareUsed(
  permits: readonly Permit[],
  acceptedMs: readonly number[],
  from: 'start' | 'middle' = 'start',
): number | null {
  const waiting = acceptedMs.flatMap((_, index) => (hasToWait(permits, index) ? [index] : []));
  const last = waiting.at(-1);
  const first = from === 'start' ? 0 : waiting[Math.floor((waiting.length - 1) / 2)];
  if (last === undefined || first === undefined || first === last) return null;
  const permittedMs = earliestMs(permits, last) - earliestMs(permits, first);
  return permittedMs / ((acceptedMs[last] as number) - (acceptedMs[first] as number));
}

function hasToWait(permits: readonly Permit[], index: number): boolean {
  return index > 0 && earliestMs(permits, index) > earliestMs(permits, index - 1);
}

/**
 * How many requests a run needs: at least `leastMs` at best, and two of its longest windows. The last
 * two prove the last window and end the walk.
 */
export function requestsFor(permits: readonly Permit[], leastMs: number): number {
  const windows = permits.map((permit) => (permit.kind === 'window' ? permit.windowMs * 2 : 0));
  const wantedMs = Math.max(leastMs, ...windows);
  let index = 1;
  while (earliestMs(permits, index) < wantedMs) index++;
  return index + 2;
}

/** `10/2 s + 30/12 s`. */
export function permitsText(permits: readonly Permit[]): string {
  return permits.map(permitText).join(' + ');
}

function permitText(permit: Permit): string {
  switch (permit.kind) {
    case 'window':
      return `${permit.quota}/${permit.windowMs / 1000} s`;
    case 'bucket':
      return permit.capacity === 1
        ? `${permit.perSecond}/s`
        : `${permit.capacity}, ${permit.perSecond}/s`;
    case 'inFlight':
      return `${permit.inFlightMax} in flight`;
  }
}
