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

type Permitting = Pick<LimitView, 'quota' | 'windowMs' | 'kind'>;
type Used = Permitting & Pick<LimitView, 'from'>;

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

  /** Requests that all limits together permitted in a span; null where nothing limits. */
  permitted(limits: readonly Permitting[], durationMs: number): number | null {
    const counts = limits.map((limit) => permittedBy(limit, Math.max(0, durationMs)));
    return counts.length === 0 ? null : Math.min(...counts);
  }
}

function permittedBy({ quota, windowMs, kind }: Permitting, durationMs: number): number {
  const windows = durationMs / windowMs;
  return (
    quota + (kind === 'leaky bucket' ? Math.floor(quota * windows) : quota * Math.floor(windows))
  );
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
