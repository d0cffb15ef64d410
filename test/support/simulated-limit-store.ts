/**
 * The limits as the database keeps them, for several works at once: what its function answers
 * (src/database/migrations/004-reserve-starts.sql), in a few lines. Starts are by the server's clock; each
 * process says how far its own is ahead of that.
 */
import { ASSUMED } from '../../src/core/announced-limits.js';
import { type LimitLog, NO_LIMITS, type SavedLimit } from '../../src/core/limit-log.js';
import { othersOf, type StartAnswer, type StartRequest } from '../../src/core/start-reservation.js';
import type { HistorySettings } from './simulated-history.js';

/** `readsBeforeLock`: sees the table as it was before the reservation that it waited for. */
export type LimitStoreSabotage =
  | 'forgetsLimits'
  | 'keepsClock'
  | 'forgetsOthers'
  | 'readsBeforeLock';

/** A little more than any margin. */
const MARGIN = 1.05;
const MARGIN_MS = 1000;
/** What others have learned is looked for so often, until it is seen. */
const LOOK_EVERY_MS = 500;

export class SimulatedLimitStore {
  /** By what only one process at a time does. */
  readonly #logs = new Map<string, LimitLog>();
  #before = new Map<string, LimitLog>();
  readonly #lookedAtMs = new Map<string, number>();
  readonly #sabotage: LimitStoreSabotage | HistorySettings['sabotage'];

  constructor(sabotage?: LimitStoreSabotage | HistorySettings['sabotage']) {
    this.#sabotage = sabotage;
  }

  /** One after the other, as under the lock. @param clockMs how far the process's clock is ahead */
  reserve(work: string, request: StartRequest, clockMs: number, nowMs: number): StartAnswer {
    const { log, count, shares } = request;
    const aheadMs = this.#aheadMs(clockMs);
    const untilMs = request.untilMs - aheadMs;
    const others = new Map(
      log.limits.map(({ name, policy }) => {
        const sinceMs = nowMs - policy.windowMs * MARGIN - MARGIN_MS;
        return [name, this.#othersOf(work, name).filter((atMs) => atMs > sinceMs)] as const;
      }),
    );
    let granted = count;
    for (const { name, free, spanMs } of shares) {
      const taken = (others.get(name) ?? []).filter((atMs) => atMs > untilMs - spanMs).length;
      if (taken > 0) granted = Math.min(granted, Math.max(0, free - taken));
    }
    const planned = Array.from({ length: granted }, () => untilMs);
    const limits = log.limits.map((limit) => ({
      ...limit,
      startsMs: [...limit.startsMs.map((atMs) => atMs - aheadMs), ...planned],
    }));
    this.#before = new Map(this.#logs);
    this.#logs.set(work, { ...log, limits });
    const theirs = [...others].map(
      ([name, startsMs]) => [name, startsMs.map((atMs) => atMs + aheadMs)] as const,
    );
    const looks = log.isSeen === false || log.limits.some((limit) => limit.name === ASSUMED);
    const isAlone = theirs.every(([, startsMs]) => startsMs.length === 0);
    const learned = looks && !isAlone ? this.#learnedByOthers(work, nowMs) : null;
    return { granted, others: new Map(theirs), learned };
  }

  /** Of each limit what one who has seen its length says of it, else whoever has. Now and then. */
  #learnedByOthers(work: string, nowMs: number): LimitLog | null {
    if (nowMs - (this.#lookedAtMs.get(work) ?? Number.NEGATIVE_INFINITY) < LOOK_EVERY_MS)
      return null;
    this.#lookedAtMs.set(work, nowMs);
    const others = [...this.#logs].flatMap(([other, log]) => (other === work ? [] : [log]));
    const limits = new Map<string, SavedLimit>();
    for (const limit of others.flatMap((log) => log.limits)) {
      if (limit.name === ASSUMED || limits.get(limit.name)?.from === 'measured') continue;
      limits.set(limit.name, { ...limit, startsMs: [] });
    }
    const pace = others.findLast((log) => log.pace !== null)?.pace ?? null;
    const isLearned = limits.size > 0 || pace !== null;
    return { limits: [...limits.values()], pace, isLearned };
  }

  /** @returns null: nothing is known */
  load(work: string, clockMs: number): LimitLog | null {
    const aheadMs = this.#aheadMs(clockMs);
    if (this.#sabotage === 'forgetsLimits' || this.#logs.size === 0) return null;
    const own = this.#logs.get(work) ?? NO_LIMITS;
    const startsOf = new Map(own.limits.map(({ name, startsMs }) => [name, startsMs] as const));
    const known = new Map<string, SavedLimit>();
    for (const limit of [...this.#logs.values(), own].flatMap(({ limits }) => limits)) {
      const startsMs = othersOf(startsOf, limit.name).map((atMs) => atMs + aheadMs);
      known.set(limit.name, { ...limit, startsMs });
    }
    if (known.size > 1) known.delete(ASSUMED);
    const isLearned = [...this.#logs.values()].some((log) => log.isLearned);
    return { limits: [...known.values()], pace: own.pace, isLearned };
  }

  #aheadMs(clockMs: number): number {
    return this.#sabotage === 'keepsClock' ? 0 : clockMs;
  }

  #othersOf(work: string, name: string): readonly number[] {
    if (this.#sabotage === 'forgetsOthers') return [];
    const seen = this.#sabotage === 'readsBeforeLock' ? this.#before : this.#logs;
    const theirs = [...seen].filter(([other]) => other !== work);
    const startsMs = theirs.flatMap(([, { limits }]) =>
      othersOf(new Map(limits.map((limit) => [limit.name, limit.startsMs])), name),
    );
    return startsMs.sort((a, b) => a - b);
  }
}
