/**
 * The logs of request starts, between the limiter's form and the table's: one row a limit and process,
 * whose bucket is `<bucket>/<kind>/<name of the limit>`, with a question mark behind a kind that is
 * assumed, and an exclamation mark behind one that was measured. The rows are by the server's clock.
 *
 * What is known of a limit is known to all; starts belong to the process that made them. A process takes
 * over those of the processes before it that did the same work, for one lock permits one at a time.
 */
import { randomUUID } from 'node:crypto';
import { ASSUMED } from '../core/announced-limits.js';
import type { LimitLog, LimitSource, SavedLimit, SavedPace } from '../core/limit-log.js';
import {
  type OtherStarts,
  othersOf,
  PACE,
  type StartAnswer,
  type StartRequest,
} from '../core/start-reservation.js';
import type { LimitPolicy } from '../core/token-bucket.js';
import type { LimitKey, LimitRow, OwnedLimitRow } from '../database/ledger-types.js';
import type { RunStore } from '../database/run-store.js';
import { type Boot, readBoot } from '../runtime/boot.js';
import { nowMs } from '../runtime/clock.js';
import { DatabaseClock } from './database-clock.js';

/** The largest that the table's columns hold; some APIs say "no limit" with a larger number. */
const COLUMN_MAX = 2_147_483_647;
/** Version 0.1 saved one limit, of the one API that it knew, without a name. */
const UNNAMED = 'x-ratelimit';
/** A row holds whole milliseconds: a shorter span would be rounded too much. */
const PACE_SPAN_MIN_MS = 1_000;
/** What others have learned is looked for so often, until it is seen here. */
const LOOK_EVERY_MS = 500;
const NO_STARTS: OtherStarts = new Map();
const MARKS: readonly (readonly [LimitSource, string])[] = [
  ['assumed', '?'],
  ['announced', ''],
  ['measured', '!'],
];
/** The start of the machine is known no better; a clock that is set by less breaks no limit. */
const STEP_MIN_MS = 50;

export interface LimitStoreParts {
  readonly store: Pick<RunStore, 'loadLimits' | 'reserveStarts'>;
  readonly key: LimitKey;
  /** What only one process at a time does: the run lock's. Holds no space. */
  readonly work: string;
  readonly boot?: () => Boot | null;
  readonly nowMs?: () => number;
}

export class LimitStore {
  readonly #parts: LimitStoreParts;
  readonly #owner: string;
  readonly #clock = new DatabaseClock();
  /** Owners whose starts were taken over, until that is in the table. */
  #heirOf: readonly string[] = [];
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: LimitStoreParts) {
    this.#parts = parts;
    this.#owner = `${parts.work} ${randomUUID()}`;
  }

  #nowMs(): number {
    return (this.#parts.nowMs ?? nowMs)();
  }

  /** @returns null when nothing was ever saved for the key */
  async load(): Promise<LimitLog | null> {
    const { rows } = await this.#timed(() => this.#parts.store.loadLimits(this.#parts.key));
    if (rows.length === 0) return null;
    const startsMs = this.#inherit(rows);
    const pace = rows.findLast(({ bucket }) => this.#partsOf(bucket).kind === 'pace');
    const limits = new Map<string, SavedLimit>();
    for (const row of rows) {
      const limit = this.#limitOf(row, startsMs);
      if (limit !== null) limits.set(limit.name, limit);
    }
    // One process has learned what another still assumes.
    if (limits.size > 1) limits.delete(ASSUMED);
    const isLearned = pace !== undefined || [...limits.keys()].some((name) => name !== ASSUMED);
    const learned = pace === undefined ? null : policyOf(pace);
    return { limits: [...limits.values()], pace: learned, isLearned };
  }

  /** Saves what was learned and started, and has as much granted as others leave. */
  async reserve({ log, count, untilMs, shares }: StartRequest): Promise<StartAnswer> {
    if (!this.#clock.isKnown) await this.load();
    const { store, key } = this.#parts;
    const rows = log.limits.map((limit) => this.#rowOf(limit));
    if (log.pace !== null) rows.push(this.#paceRow(log.pace));
    const limits = rows.map((row) => {
      const share = shares.find(({ name }) => name === row.name);
      const free = share === undefined ? null : Math.min(COLUMN_MAX, share.free);
      return { ...row, free, spanMs: share?.spanMs ?? null };
    });
    const { granted, others } = await this.#timed(() =>
      store.reserveStarts(key, {
        ...{ owner: this.#owner, heirOf: this.#heirOf, boot: this.#boot, limits, count },
        untilMs: this.#clock.toServer(untilMs),
      }),
    );
    this.#heirOf = [];
    const looks = log.isSeen === false || log.limits.some((limit) => limit.name === ASSUMED);
    const learned = looks && Object.keys(others).length > 0 ? await this.#learnedByOthers() : null;
    const ours = Object.entries(others).map(([name, starts]) => {
      const each = starts.map(([atMs, times]) => repeat(this.#clock.toOurs(atMs), times));
      return [name, each.flat()] as const;
    });
    return { granted, others: new Map(ours), learned };
  }

  /** Of each limit what one who has seen its length says of it, else whoever has. Now and then. */
  async #learnedByOthers(): Promise<LimitLog | null> {
    const nowMs = this.#nowMs();
    if (nowMs - this.#lookedAtMs < LOOK_EVERY_MS) return null;
    this.#lookedAtMs = nowMs;
    const { rows } = await this.#timed(() => this.#parts.store.loadLimits(this.#parts.key));
    const others = rows.filter(({ owner }) => owner !== this.#owner);
    const limits = new Map<string, SavedLimit>();
    for (const row of others) {
      const limit = this.#limitOf(row, NO_STARTS);
      const known = limit === null ? undefined : limits.get(limit.name);
      if (limit === null || limit.name === ASSUMED || known?.from === 'measured') continue;
      limits.set(limit.name, limit);
    }
    const pace = others.findLast(({ bucket }) => this.#partsOf(bucket).kind === 'pace');
    const learned = pace === undefined ? null : policyOf(pace);
    return {
      ...{ limits: [...limits.values()], pace: learned },
      isLearned: limits.size > 0 || learned !== null,
    };
  }

  async #timed<T extends { readonly nowMs: number }>(ask: () => Promise<T>): Promise<T> {
    const sentMs = this.#nowMs();
    const answer = await ask();
    this.#clock.observe(answer.nowMs, sentMs, this.#nowMs());
    return answer;
  }

  /** The start of this machine by the server's clock; it stands still while that is not set. */
  get #boot(): Boot | null {
    const boot = (this.#parts.boot ?? readBoot)();
    return boot === null ? null : { id: boot.id, atMs: this.#clock.about(boot.atMs) };
  }

  /** @returns the starts that are ours from now on, by the limit's name */
  #inherit(rows: readonly OwnedLimitRow[]): Map<string, number[]> {
    const { work } = this.#parts;
    const ours = rows.filter(({ owner }) => owner === '' || owner.startsWith(`${work} `));
    this.#heirOf = [...new Set(ours.map(({ owner }) => owner))];
    const startsMs = new Map<string, number[]>();
    for (const row of ours) {
      const { kind, name } = this.#partsOf(row.bucket);
      // A row of version 0.1 may hold starts without a policy: they say nothing without one.
      if (kind === 'pace' || policyOf(row) === null) continue;
      const stepMs = this.#stepSince(row);
      const each = row.startedAtMs.map((atMs, index) =>
        repeat(this.#clock.toOurs(atMs + stepMs), row.startedCount[index] ?? 1),
      );
      startsMs.set(name, [...(startsMs.get(name) ?? []), ...each.flat()]);
    }
    for (const each of startsMs.values()) each.sort((a, b) => a - b);
    return startsMs;
  }

  /** By how much the server's clock was set forward since the row was written; 0 where that is not known. */
  #stepSince({ boot, bootAtMs }: OwnedLimitRow): number {
    const now = this.#boot;
    const stepMs = now === null || bootAtMs === null || now.id !== boot ? 0 : now.atMs - bootAtMs;
    return Math.abs(stepMs) < STEP_MIN_MS ? 0 : stepMs;
  }

  #limitOf(row: OwnedLimitRow, startsMs: OtherStarts): SavedLimit | null {
    const { kind, name } = this.#partsOf(row.bucket);
    const policy = policyOf(row);
    if (kind === 'pace' || policy === null) return null;
    const mark = MARKS.find(([, text]) => text !== '' && kind.endsWith(text));
    const from = mark?.[0] ?? 'announced';
    const isLeaky = kind.startsWith('leaky');
    return { name, policy, isLeaky, from, startsMs: othersOf(startsMs, name) };
  }

  #rowOf({ name, policy, isLeaky, from = 'announced', startsMs }: SavedLimit): LimitRow {
    const kind = `${isLeaky ? 'leaky' : 'window'}${new Map(MARKS).get(from) ?? ''}`;
    const counts = new Map<number, number>();
    for (const atMs of startsMs) counts.set(atMs, (counts.get(atMs) ?? 0) + 1);
    const ascending = [...counts].sort(([a], [b]) => a - b);
    return {
      bucket: `${this.#parts.key.bucket}/${kind}/${name}`,
      name,
      quota: Math.min(COLUMN_MAX, policy.quota),
      // A window that was bounded by our own starts has fractions; a longer one overshoots nothing.
      windowMs: Math.min(COLUMN_MAX, Math.ceil(policy.windowMs)),
      startedAtMs: ascending.map(([atMs]) => this.#clock.toServer(atMs)),
      startedCount: ascending.map(([, count]) => count),
    };
  }

  /** Its start tells which key was used last. */
  #paceRow({ quota, windowMs, startedAtMs = this.#nowMs() }: SavedPace): LimitRow {
    const times = Math.ceil(PACE_SPAN_MIN_MS / windowMs);
    return {
      bucket: `${this.#parts.key.bucket}/pace/`,
      name: PACE,
      quota: Math.min(COLUMN_MAX, quota * times),
      windowMs: Math.min(COLUMN_MAX, Math.ceil(windowMs * times)),
      startedAtMs: [this.#clock.toServer(startedAtMs)],
      startedCount: [1],
    };
  }

  #partsOf(bucket: string): { readonly kind: string; readonly name: string } {
    const rest = bucket.slice(this.#parts.key.bucket.length + 1);
    const [kind = '', ...name] = rest.split('/');
    return rest === '' ? { kind: 'window', name: UNNAMED } : { kind, name: name.join('/') };
  }
}

function policyOf({ quota, windowMs }: LimitRow): LimitPolicy | null {
  return quota === null || windowMs === null ? null : { quota, windowMs };
}

function repeat(atMs: number, times: number): number[] {
  return Array.from({ length: times }, () => atMs);
}
