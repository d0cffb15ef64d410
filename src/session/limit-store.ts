/**
 * The logs of request starts, between the limiter's form and the table's: one row a limit, whose
 * bucket is `<bucket>/<kind>/<name of the limit>`, with a question mark behind a kind that is assumed, and
 * an exclamation mark behind one that was measured. One row more has the start of the machine, so that
 * starts keep their age when the clock was set meanwhile.
 */
import { ASSUMED } from '../core/announced-limits.js';
import type { LimitLog, LimitSource, SavedLimit } from '../core/limit-log.js';
import type { LimitPolicy } from '../core/token-bucket.js';
import type { LimitKey, LimitRow } from '../database/ledger-types.js';
import type { RunStore } from '../database/run-store.js';
import { type Boot, readBoot } from '../runtime/boot.js';

/** The largest that the table's columns hold; some APIs say "no limit" with a larger number. */
const COLUMN_MAX = 2_147_483_647;
/** Version 0.1 saved one limit, of the one API that it knew, without a name. */
const UNNAMED = 'x-ratelimit';
/** A row holds whole milliseconds: a shorter span would be rounded too much. */
const PACE_SPAN_MIN_MS = 1_000;
const MARKS: readonly (readonly [LimitSource, string])[] = [
  ['assumed', '?'],
  ['announced', ''],
  ['measured', '!'],
];
/** The start of the machine is known no better; a clock that is set by less breaks no limit. */
const STEP_MIN_MS = 50;

export class LimitStore {
  readonly #store: RunStore;
  readonly #key: LimitKey;
  readonly #readBoot: () => Boot | null;

  constructor(store: RunStore, key: LimitKey, boot: () => Boot | null = readBoot) {
    this.#store = store;
    this.#key = key;
    this.#readBoot = boot;
  }

  /** @returns null when nothing was ever saved for the key */
  async load(): Promise<LimitLog | null> {
    const rows = await this.#store.loadLimits(this.#key);
    if (rows.length === 0) return null;
    const pace = rows.find(({ bucket }) => this.#partsOf(bucket).kind === 'pace');
    const stepMs = this.#stepSince(rows);
    const limits = rows.flatMap((row) => this.#limitOf(row, stepMs) ?? []);
    const isLearned = pace !== undefined || limits.some(({ name }) => name !== ASSUMED);
    return { limits, pace: pace === undefined ? null : policyOf(pace), isLearned };
  }

  async save({ limits, pace }: LimitLog): Promise<void> {
    const rows = limits.map((limit) => this.#rowOf(limit));
    const paces = pace === null ? [] : [this.#paceRow(pace)];
    const boot = this.#readBoot();
    const boots = boot === null ? [] : [this.#bootRow(boot)];
    await this.#store.saveLimits(this.#key, [...rows, ...paces, ...boots]);
  }

  /** By how much the clock was set forward since the rows were saved; 0 where that is not known. */
  #stepSince(rows: readonly LimitRow[]): number {
    const boot = this.#readBoot();
    const bucket = boot === null ? null : this.#bootRow(boot).bucket;
    const savedAtMs = rows.find((row) => row.bucket === bucket)?.startedAtMs[0];
    const stepMs = boot === null || savedAtMs === undefined ? 0 : boot.atMs - savedAtMs;
    return Math.abs(stepMs) < STEP_MIN_MS ? 0 : stepMs;
  }

  #limitOf(row: LimitRow, stepMs: number): SavedLimit | null {
    const { bucket, quota, windowMs, startedAtMs, startedCount } = row;
    const { kind, name } = this.#partsOf(bucket);
    // A row of version 0.1 may hold starts without a policy: they say nothing without one.
    if (kind === 'pace' || quota === null || windowMs === null) return null;
    const startsMs = startedAtMs.flatMap((atMs, index) =>
      Array.from({ length: startedCount[index] ?? 1 }, () => atMs + stepMs),
    );
    const mark = MARKS.find(([, text]) => text !== '' && kind.endsWith(text));
    const from = mark?.[0] ?? 'announced';
    const isLeaky = kind.startsWith('leaky');
    return { name, policy: { quota, windowMs }, isLeaky, from, startsMs };
  }

  #rowOf({ name, policy, isLeaky, from = 'announced', startsMs }: SavedLimit): LimitRow {
    const kind = `${isLeaky ? 'leaky' : 'window'}${new Map(MARKS).get(from) ?? ''}`;
    const counts = new Map<number, number>();
    for (const atMs of startsMs) counts.set(atMs, (counts.get(atMs) ?? 0) + 1);
    const ascending = [...counts].sort(([a], [b]) => a - b);
    return {
      bucket: `${this.#key.bucket}/${kind}/${name}`,
      quota: Math.min(COLUMN_MAX, policy.quota),
      // A window that was bounded by our own starts has fractions; a longer one overshoots nothing.
      windowMs: Math.min(COLUMN_MAX, Math.ceil(policy.windowMs)),
      startedAtMs: ascending.map(([atMs]) => atMs),
      startedCount: ascending.map(([, count]) => count),
    };
  }

  /** Its start tells which key was used last. */
  #paceRow({ quota, windowMs }: LimitPolicy): LimitRow {
    const times = Math.ceil(PACE_SPAN_MIN_MS / windowMs);
    return {
      bucket: `${this.#key.bucket}/pace/`,
      quota: Math.min(COLUMN_MAX, quota * times),
      windowMs: Math.min(COLUMN_MAX, Math.ceil(windowMs * times)),
      startedAtMs: [Date.now()],
      startedCount: [1],
    };
  }

  #bootRow({ id, atMs }: Boot): LimitRow {
    const bucket = `${this.#key.bucket}/boot/${id}`;
    return { bucket, quota: null, windowMs: null, startedAtMs: [atMs], startedCount: [1] };
  }

  #partsOf(bucket: string): { readonly kind: string; readonly name: string } {
    const rest = bucket.slice(this.#key.bucket.length + 1);
    const [kind = '', ...name] = rest.split('/');
    return rest === '' ? { kind: 'window', name: UNNAMED } : { kind, name: name.join('/') };
  }
}

function policyOf({ quota, windowMs }: LimitRow): LimitPolicy | null {
  return quota === null || windowMs === null ? null : { quota, windowMs };
}
