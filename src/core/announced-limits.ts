/**
 * Announced limits: one for each that answers describe.
 *
 * Owns the limits, and the history of our requests that they are judged by. Does not own what refusals teach beside them: that is limiter.ts.
 */
import { Limit } from './limit.js';
import type { LimitObservation, LimitStatement } from './limit-headers.js';
import { longestStarts, type SavedLimit } from './limit-log.js';
import { changeSentence } from './limit-words.js';
import { RequestHistory } from './request-history.js';
import { ALONE, type OtherStarts, othersOf } from './start-reservation.js';
import type { LimitPolicy } from './token-bucket.js';
import { ToldTimes } from './told-times.js';

/** An answer, or what is known of a request that got none. Instants are epoch ms. */
export interface Answered {
  readonly sentAtMs: number;
  /** Null: no answer came. */
  readonly headAtMs: number | null;
  /** The answer's own date, by the server's clock; null: it has none. */
  readonly dateMs: number | null;
  readonly observed: LimitObservation | null;
}

/** A request as `take` recorded it. */
export interface OwnStart {
  readonly number: number;
  readonly takenMs: number;
  /** Requests in flight when it left, itself included. */
  readonly inFlight: number;
}

/** Name of the limit that is in force until an answer describes one. */
export const ASSUMED = 'assumed';
/** A limit that is used as much as this may be what refused, though the refusal does not say so. */
const SPENT_SHARE = 0.8;

export class AnnouncedLimits {
  readonly #limits = new Map<string, Limit>();
  readonly #history: RequestHistory;
  readonly #times: ToldTimes;
  readonly #reserve: number;
  readonly #changed: (sentence: string) => void;
  #others: OtherStarts = ALONE.others;

  /** @param options.changed is told what was learned, a sentence each time */
  constructor(options: {
    readonly assumed: LimitPolicy | null;
    readonly saved: readonly SavedLimit[];
    readonly reserve: number;
    readonly changed: (sentence: string) => void;
  }) {
    const { assumed, saved, reserve } = options;
    this.#reserve = reserve;
    this.#changed = options.changed;
    this.#times = new ToldTimes(() => {
      for (const limit of this.#limits.values()) limit.forgetWindow();
      this.#changed('the API tells its times in milliseconds');
    });
    this.#history = new RequestHistory(longestStarts({ limits: saved }));
    for (const one of saved) this.#add(one.name === ASSUMED ? { ...one, from: 'assumed' } : one);
    if (saved.length > 0 || assumed === null) return;
    this.#add({ name: ASSUMED, policy: assumed, isLeaky: false, from: 'assumed', startsMs: [] });
  }

  /** Whether an answer, now or in an earlier process, has described a limit. */
  get isAny(): boolean {
    return this.#limits.size > 0 && !this.#limits.has(ASSUMED);
  }

  /** The one that permits the least on average; null: none is known. */
  get tightest(): Limit | null {
    let tightest: Limit | null = null;
    const rateOf = ({ policy }: Limit) => policy.quota / policy.windowMs;
    for (const limit of this.#limits.values()) {
      if (tightest === null || rateOf(limit) < rateOf(tightest)) tightest = limit;
    }
    return tightest;
  }

  all(): IterableIterator<Limit> {
    return this.#limits.values();
  }

  /** Answers describe no limit: what was assumed does not hold. */
  forgetAssumed(): void {
    this.#limits.delete(ASSUMED);
  }

  get hasOthers(): boolean {
    for (const startsMs of this.#others.values()) if (startsMs.length > 0) return true;
    return false;
  }

  /** Limits whose length was not seen here. */
  get areSeen(): boolean {
    return [...this.#limits.values()].every(({ isSeen }) => isSeen);
  }

  /** What others have seen of limits that answers describe here too. */
  relyOn(seen: readonly SavedLimit[]): void {
    for (const { name, policy, from } of seen) {
      const own = this.#limits.get(name);
      if (from === 'measured' && own !== undefined && !own.isSeen) own.relyOn(policy);
    }
  }

  /** What others have learned takes the place of what is assumed, and is relied on; our starts are ours. */
  adopt(saved: readonly SavedLimit[], nowMs: number): void {
    const own = [...this.#limits.values()].map((limit) => limit.saved(nowMs));
    const startsMs = longestStarts({ limits: own });
    this.#limits.delete(ASSUMED);
    for (const one of saved) this.#add({ ...one, from: 'measured', startsMs });
    this.others = this.#others;
  }

  /** They replace those that were known before. */
  set others(others: OtherStarts) {
    this.#others = others;
    for (const limit of this.#limits.values()) limit.others = othersOf(others, limit.name);
  }

  /** @param without names of limits that do not hold for the start */
  nextStartMs(nowMs: number, without?: ReadonlySet<string>): number {
    let atMs = 0;
    for (const limit of this.#limits.values()) {
      if (!without?.has(limit.name)) atMs = Math.max(atMs, limit.nextStartMs(nowMs));
    }
    return atMs;
  }

  take(nowMs: number, without?: ReadonlySet<string>): Omit<OwnStart, 'inFlight'> {
    for (const limit of this.#limits.values()) if (!without?.has(limit.name)) limit.take(nowMs);
    return { number: this.#history.start(nowMs), takenMs: nowMs };
  }

  settle({ number, takenMs }: OwnStart, { sentAtMs, headAtMs, dateMs }: Answered): void {
    this.#history.settle(number, sentAtMs, headAtMs);
    for (const limit of this.#limits.values()) limit.settle(takenMs, sentAtMs, headAtMs);
    if (headAtMs !== null && dateMs !== null) this.#times.observeDate(dateMs, sentAtMs, headAtMs);
  }

  /** @returns the limits that the answer says are spent */
  describe(number: number, answer: Answered, isRefusal: boolean): Limit[] {
    const { sentAtMs, headAtMs, observed } = answer;
    if (observed === null || headAtMs === null) return [];
    const spent: Limit[] = [];
    for (const said of observed.limits) {
      this.#times.judge(said.name, said.reset, said.windowMs, headAtMs);
      // A quota alone says nothing of when.
      if (said.remaining === null && said.reset === null && said.windowMs === null) continue;
      if (isCountless(said) && !this.#limits.has(said.name)) continue;
      const limit = this.#limitOf(said, isRefusal);
      const before = limit.isKnown ? limit.policy : null;
      // Whether a refused request is counted is not known: then one more of ours explains the count.
      const isBeyond = isRefusal && said.remaining === 0;
      const seen = {
        ...{ number, sentAtMs, headAtMs },
        said: isBeyond ? { ...said, remaining: -1 } : said,
        resetMs: said.reset === null ? null : this.#times.spanOf(said.reset, headAtMs),
        resetUnitMs: said.reset === null ? 1 : this.#times.unitOf(said.reset),
        isInstant: said.reset?.atMs != null,
      };
      limit.observe(seen, isRefusal);
      this.#sayChange(limit, before, isRefusal ? 'it refused a request' : 'its answers show it');
      if (said.remaining === 0) spent.push(limit);
    }
    return spent;
  }

  /** @returns until when those that refused are silent; null: no limit that is described did */
  blame(exhausted: readonly Limit[], nowMs: number): number | null {
    const isSpent = (limit: Limit) =>
      limit.isKnown && limit.startsIn(nowMs) >= limit.policy.quota * SPENT_SHARE;
    const blamed = exhausted.length > 0 ? exhausted : [...this.#limits.values()].filter(isSpent);
    if (blamed.length === 0) return null;
    const before = blamed.map((limit) => (limit.isKnown ? limit.policy : null));
    const untilMs = Math.max(...blamed.map((limit) => limit.refused(nowMs)));
    for (const [index, limit] of blamed.entries()) {
      this.#sayChange(limit, before[index] ?? null, 'it refused a request');
    }
    return untilMs;
  }

  /** How long a refusal asks to wait: its Retry-After, or a reset that stands alone. */
  wordMs({ observed, headAtMs }: Answered, nowMs: number): number {
    if (observed === null) return 0;
    const atMs = headAtMs ?? nowMs;
    const resets = observed.limits.filter(isCountless).flatMap(({ reset }) => reset ?? []);
    const pauseMs =
      observed.retryAfter === null ? 0 : this.#times.pauseMs(observed.retryAfter, atMs);
    return Math.max(pauseMs, ...resets.map((reset) => this.#times.spanOf(reset, atMs)));
  }

  /** A request was accepted. */
  accepted(sentAtMs: number): void {
    this.#times.accepted(sentAtMs);
  }

  /** The limiter refused it: whether the server counts it is not known. */
  refused(request: OwnStart): void {
    this.#history.refused(request.number);
  }

  #add(saved: SavedLimit): void {
    this.#put(new Limit(saved, { history: this.#history, reserve: this.#reserve }));
  }

  #limitOf(said: LimitStatement, isRefusal: boolean): Limit {
    const known = this.#limits.get(said.name);
    const quota = said.quota ?? known?.policy.quota;
    // A limit that only its refusals tell of stands behind one that every answer tells of.
    const hidden = `${said.name}, ${quota}`;
    const isHidden =
      this.#limits.has(hidden) ||
      (isRefusal && known !== undefined && known.policy.quota !== quota);
    const name = isHidden ? hidden : said.name;
    const found = this.#limits.get(name);
    if (found !== undefined) return found;
    this.#limits.delete(ASSUMED);
    const limit = Limit.of(
      { ...said, name },
      { history: this.#history, reserve: this.#reserve, startsMs: this.#history.startsMs() },
    );
    for (const { sentAtMs, headAtMs } of this.#history.all()) {
      limit.settle(sentAtMs, sentAtMs, headAtMs);
    }
    this.#put(limit);
    return limit;
  }

  #put(limit: Limit): void {
    limit.others = othersOf(this.#others, limit.name);
    this.#limits.set(limit.name, limit);
  }

  #sayChange(limit: Limit, before: LimitPolicy | null, reason: string): void {
    const sentence = limit.isKnown ? changeSentence(limit, before, reason) : null;
    if (sentence !== null) this.#changed(sentence);
  }
}

/** Without a count it is a word on when, and no limit to pace by. */
function isCountless({ quota, remaining }: LimitStatement): boolean {
  return quota === null && remaining === null;
}
