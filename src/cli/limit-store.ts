/** The log of request starts, between the token bucket's form and the table's. */
import type { LimitLog as BucketLog } from '../core/token-bucket.js';
import type { LimitKey } from '../database/ledger-types.js';
import type { RunStore } from '../database/run-store.js';

/** The largest that the table's columns hold; some APIs say "no limit" with a larger number. */
const COLUMN_MAX = 2_147_483_647;

export class LimitStore {
  readonly #store: RunStore;
  readonly #key: LimitKey;

  constructor(store: RunStore, key: LimitKey) {
    this.#store = store;
    this.#key = key;
  }

  /** @returns null when nothing was ever saved for the key */
  async load(): Promise<BucketLog | null> {
    const saved = await this.#store.loadLimits(this.#key);
    if (saved === null) return null;
    const { quota, windowMs, startedAtMs, startedCount } = saved;
    return {
      policy: quota === null || windowMs === null ? null : { quota, windowMs },
      startsMs: startedAtMs.flatMap((atMs, index) =>
        Array.from({ length: startedCount[index] ?? 1 }, () => atMs),
      ),
    };
  }

  async save(log: BucketLog): Promise<void> {
    const counts = new Map<number, number>();
    for (const atMs of log.startsMs) counts.set(atMs, (counts.get(atMs) ?? 0) + 1);
    const ascending = [...counts].sort(([a], [b]) => a - b);
    await this.#store.saveLimits(this.#key, {
      quota: log.policy === null ? null : Math.min(COLUMN_MAX, log.policy.quota),
      // A window that was bounded by our own starts has fractions; a longer one overshoots nothing.
      windowMs: log.policy === null ? null : Math.ceil(log.policy.windowMs),
      startedAtMs: ascending.map(([atMs]) => atMs),
      startedCount: ascending.map(([, count]) => count),
    });
  }
}
