/** The log of request starts, between the token bucket's form and the table's. */
import type { LimitLog as BucketLog } from '../core/token-bucket.js';
import type { LimitKey } from '../database/ledger-types.js';
import type { RunStore } from '../database/run-store.js';

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
      quota: log.policy?.quota ?? null,
      windowMs: log.policy?.windowMs ?? null,
      startedAtMs: ascending.map(([atMs]) => atMs),
      startedCount: ascending.map(([, count]) => count),
    });
  }
}
