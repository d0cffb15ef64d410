/**
 * Utilisation: how much of what the limits permit was used.
 *
 *   window         request number quota × k + 1 cannot start before k windows have passed
 *   leaky bucket   request number quota + k cannot start before k requests have leaked
 *
 * So the last such request tells: the earliest time at which it could start, over the time at which it
 * did, both from the first start. Of several limits the one that was used most binds.
 */
import type { LimitView } from './limit-log.js';
import type { LimitPolicy } from './token-bucket.js';

type Used = Pick<LimitView, 'quota' | 'windowMs' | 'kind' | 'from'>;

export class Utilisation {
  readonly #startsMs: number[] = [];

  /** @param startMs when a request left, epoch ms */
  add(startMs: number): void {
    this.#startsMs.push(startMs);
  }

  get requests(): number {
    return this.#startsMs.length;
  }

  /** In [0, 1]; null while no whole window has passed, or where no limit is known. */
  value(limits: readonly Used[]): number | null {
    const starts = [...this.#startsMs].sort((a, b) => a - b);
    const shares = limits.flatMap((limit) => shareOf(limit, starts) ?? []);
    return shares.length === 0 ? null : Math.min(1, Math.max(...shares));
  }

  /** What the limit permitted in a span; null where nothing limits. */
  permitted(policy: LimitPolicy | null, durationMs: number): number | null {
    if (policy === null) return null;
    return policy.quota * (1 + Math.floor(Math.max(0, durationMs) / policy.windowMs));
  }
}

function shareOf(
  { quota, windowMs, kind, from }: Used,
  startsMs: readonly number[],
): number | null {
  const first = startsMs[0];
  if (from === 'assumed' || first === undefined) return null;
  const windows = Math.floor((startsMs.length - 1) / quota);
  const number = kind === 'leaky bucket' ? startsMs.length - 1 : windows * quota;
  const last = startsMs[number];
  if (windows < 1 || last === undefined) return null;
  const earliestMs =
    kind === 'leaky bucket' ? ((number + 1 - quota) * windowMs) / quota : windows * windowMs;
  return earliestMs / (last - first);
}
