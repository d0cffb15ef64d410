/**
 * The logs of request starts, between the limiter's form and the table's: one row a limit, whose
 * bucket is `<bucket>/<kind>/<name of the limit>`.
 */
import { ASSUMED } from '../core/announced-limits.js';
import type { LimitLog, SavedLimit } from '../core/limit-log.js';
import type { LimitKey, LimitRow } from '../database/ledger-types.js';
import type { RunStore } from '../database/run-store.js';

/** The largest that the table's columns hold; some APIs say "no limit" with a larger number. */
const COLUMN_MAX = 2_147_483_647;
/** Version 0.1 saved one limit, of the one API that it knew, without a name. */
const UNNAMED = 'x-ratelimit';

export class LimitStore {
  readonly #store: RunStore;
  readonly #key: LimitKey;

  constructor(store: RunStore, key: LimitKey) {
    this.#store = store;
    this.#key = key;
  }

  /** @returns null when nothing was ever saved for the key */
  async load(): Promise<LimitLog | null> {
    const rows = await this.#store.loadLimits(this.#key);
    if (rows.length === 0) return null;
    const pace = rows.find(({ bucket }) => this.#partsOf(bucket).kind === 'pace');
    const limits = rows.flatMap((row) => this.#limitOf(row) ?? []);
    const isLearned = pace !== undefined || limits.some(({ name }) => name !== ASSUMED);
    return { limits, paceMs: pace?.windowMs ?? null, isLearned };
  }

  async save({ limits, paceMs }: LimitLog): Promise<void> {
    const rows = limits.map((limit) => this.#rowOf(limit));
    const pace = paceMs === null ? [] : [this.#paceRow(paceMs)];
    await this.#store.saveLimits(this.#key, [...rows, ...pace]);
  }

  #limitOf({ bucket, quota, windowMs, startedAtMs, startedCount }: LimitRow): SavedLimit | null {
    const { kind, name } = this.#partsOf(bucket);
    // A row of version 0.1 may hold starts without a policy: they say nothing without one.
    if (kind === 'pace' || quota === null || windowMs === null) return null;
    const startsMs = startedAtMs.flatMap((atMs, index) =>
      Array.from({ length: startedCount[index] ?? 1 }, () => atMs),
    );
    return { name, policy: { quota, windowMs }, isLeaky: kind === 'leaky', startsMs };
  }

  #rowOf({ name, policy, isLeaky, startsMs }: SavedLimit): LimitRow {
    const counts = new Map<number, number>();
    for (const atMs of startsMs) counts.set(atMs, (counts.get(atMs) ?? 0) + 1);
    const ascending = [...counts].sort(([a], [b]) => a - b);
    return {
      bucket: `${this.#key.bucket}/${isLeaky ? 'leaky' : 'window'}/${name}`,
      quota: Math.min(COLUMN_MAX, policy.quota),
      // A window that was bounded by our own starts has fractions; a longer one overshoots nothing.
      windowMs: Math.min(COLUMN_MAX, Math.ceil(policy.windowMs)),
      startedAtMs: ascending.map(([atMs]) => atMs),
      startedCount: ascending.map(([, count]) => count),
    };
  }

  #paceRow(paceMs: number): LimitRow {
    const bucket = `${this.#key.bucket}/pace/`;
    const windowMs = Math.min(COLUMN_MAX, Math.ceil(paceMs));
    return { bucket, quota: 1, windowMs, startedAtMs: [], startedCount: [] };
  }

  #partsOf(bucket: string): { readonly kind: string; readonly name: string } {
    const rest = bucket.slice(this.#key.bucket.length + 1);
    const [kind = '', ...name] = rest.split('/');
    return rest === '' ? { kind: 'window', name: UNNAMED } : { kind, name: name.join('/') };
  }
}
