/**
 * Which runs a worker serves, where there may be more of them than it serves at once.
 *
 *   a run without members ▶ the run with the fewest ▶ …
 *
 * It leaves a run for one that is worse off: where that has two members fewer, or none while its own had a turn.
 */

export interface ServableRun {
  readonly run: number;
  /** Living members, this worker not counted. */
  readonly members: number;
  /** Since when this worker serves it, epoch ms; null: it does not. */
  readonly servedSinceMs: number | null;
}

export interface RunChoices {
  readonly join: readonly number[];
  readonly leave: readonly number[];
}

/** How long a run is served while another has nobody. */
export const TURN_MS = 30_000;

/** @param atOnce runs that it serves at once, at most */
export function chooseRuns(
  runs: readonly ServableRun[],
  atOnce: number,
  nowMs: number,
): RunChoices {
  const served = runs.filter(({ servedSinceMs }) => servedSinceMs !== null);
  const waiting = runs
    .filter(({ servedSinceMs }) => servedSinceMs === null)
    .sort((a, b) => a.members - b.members || a.run - b.run);
  const join = waiting.slice(0, Math.max(0, atOnce - served.length)).map(({ run }) => run);
  const [neediest] = waiting.slice(join.length);
  if (neediest === undefined) return { join, leave: [] };
  const [richest] = served.sort(
    (a, b) => b.members - a.members || (a.servedSinceMs ?? 0) - (b.servedSinceMs ?? 0),
  );
  if (richest === undefined) return { join, leave: [] };
  const hadTurn = nowMs - (richest.servedSinceMs ?? nowMs) >= TURN_MS;
  const isUneven = richest.members + 1 - neediest.members >= 2;
  return { join, leave: isUneven || (neediest.members === 0 && hadTurn) ? [richest.run] : [] };
}
