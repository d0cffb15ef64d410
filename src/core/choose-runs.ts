/**
 * Which runs a worker serves, where there may be more of them than it serves at once.
 *
 *   a run without members ▶ the run with the fewest ▶ … of the same, the one that it has served longest ago
 *
 * It leaves a run for one that is worse off: where that has two members fewer, or none while its own had a turn.
 * All workers of the run see that at the same time: of several, one leaves.
 */

export interface ServableRun {
  readonly run: number;
  /** Living members, this worker not counted. */
  readonly members: number;
  /** Since when this worker serves it, epoch ms; null: it does not. */
  readonly servedSinceMs: number | null;
  /** When this worker has last left it, epoch ms; null: it has never served it. */
  readonly leftAtMs: number | null;
}

export interface RunChoices {
  readonly join: readonly number[];
  readonly leave: readonly number[];
}

export interface ChoiceTerms {
  /** Runs that it serves at once, at most. */
  readonly atOnce: number;
  /** How long a run is served while another has nobody. */
  readonly turnMs: number;
  readonly nowMs: number;
  /** Uniform in [0, 1). */
  readonly random: number;
}

export function chooseRuns(
  runs: readonly ServableRun[],
  { atOnce, turnMs, nowMs, random }: ChoiceTerms,
): RunChoices {
  const served = runs.filter(({ servedSinceMs }) => servedSinceMs !== null);
  const waiting = runs
    .filter(({ servedSinceMs }) => servedSinceMs === null)
    .sort((a, b) => a.members - b.members || leftAt(a) - leftAt(b) || a.run - b.run);
  const join = waiting.slice(0, Math.max(0, atOnce - served.length)).map(({ run }) => run);
  const [neediest] = waiting.slice(join.length);
  if (neediest === undefined) return { join, leave: [] };
  const [richest] = served.sort(
    (a, b) => b.members - a.members || (a.servedSinceMs ?? 0) - (b.servedSinceMs ?? 0),
  );
  if (richest === undefined) return { join, leave: [] };
  const hadTurn = nowMs - (richest.servedSinceMs ?? nowMs) >= turnMs;
  const isUneven = richest.members + 1 - neediest.members >= 2;
  const isWanted = isUneven || (neediest.members === 0 && hadTurn);
  return { join, leave: isWanted && random < 1 / (richest.members + 1) ? [richest.run] : [] };
}

function leftAt({ leftAtMs }: ServableRun): number {
  return leftAtMs ?? 0;
}
