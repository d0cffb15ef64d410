/**
 * One limit of an API: what is known of it, and when it permits the next start.
 *
 *   window    so many requests in any span of a length: a log of our starts (token-bucket.ts)
 *   bucket    it leaks steadily, a request fills it by one: its level as last told (leak-evidence.ts)
 *
 * It is taken for a window until the counts contradict that. While nothing tells how long the window
 * is, the last requests of the quota leave further and further apart, so that one of them sees others
 * return; when all are used and none has, a minute is assumed.
 *
 * Other processes of ours on the same key start as well: theirs are counted like our own, and while there
 * are some, the counts say nothing of the window. Whoever else shares the limit: told-count.ts.
 */
import { LeakEvidence } from './leak-evidence.js';
import type { LimitStatement } from './limit-headers.js';
import type { LimitKind, LimitSource, SavedLimit } from './limit-log.js';
import { quotaOf } from './limit-statement.js';
import type { RequestHistory } from './request-history.js';
import type { LimitSeen } from './said-window.js';
import { scoutAtMs } from './scouting.js';
import type { LimitShare } from './start-reservation.js';
import { type LimitPolicy, TokenBucket } from './token-bucket.js';
import { ToldCount } from './told-count.js';
import { WindowEvidence } from './window-evidence.js';

const ASSUMED_WINDOW_MS = 60_000;
/** After a refusal while nothing is known of the window; it doubles. */
const UNKNOWN_WAIT_MS = 2_000;
/** Within this share of a window an arrival's place is not known. */
const EDGE_SHARE = 0.01;
const EDGE_MIN_MS = 20;
/** A source that fits into one window may wait so long for its last page. */
const FIRST_TRY_MS_MAX = 6_000;

export class Limit {
  readonly name: string;
  #window = new WindowEvidence();
  readonly #leak = new LeakEvidence();
  readonly #bucket: TokenBucket;
  readonly #history: RequestHistory;
  #quota: number;
  #isLeaky: boolean;
  readonly #told: ToldCount;
  #firstStartMs: number | null = null;
  #lastStartMs = 0;
  #started = 0;
  #resetAtMs = 0;
  /** Whether answers to accepted requests describe it too, and not its refusals alone. */
  #isOpen = false;
  #hasTried = false;
  #isTrying = false;

  constructor(
    saved: SavedLimit,
    known: { readonly history: RequestHistory; readonly reserve: number },
  ) {
    this.name = saved.name;
    this.#history = known.history;
    this.#quota = saved.policy.quota;
    this.#isLeaky = saved.isLeaky;
    const { policy, startsMs, from = 'announced' } = saved;
    const bucket = new TokenBucket({ policy, startsMs, reserve: known.reserve });
    const othersSince = (sinceMs: number) => bucket.othersSince(sinceMs);
    this.#bucket = bucket;
    this.#told = new ToldCount({ history: known.history, othersSince });
    if (from === 'assumed') return;
    this.#window.restore(policy.windowMs, from === 'measured');
    if (this.#isLeaky) this.#leak.restore(policy.quota / policy.windowMs);
  }

  /** A limit that an answer has described, with the starts before it. */
  static of(
    said: LimitStatement,
    known: {
      readonly history: RequestHistory;
      readonly reserve: number;
      readonly startsMs: readonly number[];
    },
  ): Limit {
    const policy = { quota: quotaOf(said, 1), windowMs: said.windowMs ?? ASSUMED_WINDOW_MS };
    const { name, isLeaky } = said;
    return new Limit({ name, policy, isLeaky, from: 'assumed', startsMs: known.startsMs }, known);
  }

  /** What it permits on average, as far as that is known. */
  get policy(): LimitPolicy {
    const perMs = this.#leak.leastPerMs;
    if (this.#isLeaky && perMs > 0) return { quota: this.#quota, windowMs: this.#quota / perMs };
    const windowMs = this.#isLeaky ? null : this.#window.probableMs;
    return { quota: this.#quota, windowMs: windowMs ?? this.#bucket.policy.windowMs };
  }

  get kind(): LimitKind {
    if (this.#isLeaky) return 'leaky bucket';
    return this.#window.isSliding ? 'sliding window' : 'window';
  }

  /** Whether the length of its window, or its pace, is more than assumed. */
  get isKnown(): boolean {
    return this.from !== 'assumed';
  }

  get from(): LimitSource {
    if (this.#isLeaky) return this.#leak.leastPerMs > 0 ? 'measured' : 'assumed';
    if (this.#window.isMeasured) return 'measured';
    return this.#window.lengthMs === null ? 'assumed' : 'announced';
  }

  nextStartMs(nowMs: number): number {
    if (this.#isLeaky) return this.#roomAtMs();
    return Math.max(
      this.#told.nextStartMs(nowMs, this.#bucket.policy.windowMs),
      this.#isScouting ? this.#scoutAtMs(nowMs) : this.#unsaidAtMs(),
      this.#windowAtMs(nowMs),
    );
  }

  tokensAt(nowMs: number): number {
    if (this.nextStartMs(nowMs) > nowMs) return 0;
    const told = this.#told.leftUntilReset;
    if (told !== null) return Math.max(1, told);
    if (this.#isLeaky || this.#isScouting) return 1;
    return Math.max(1, this.#bucket.tokensAt(nowMs));
  }

  startsIn(nowMs: number): number {
    return this.#bucket.startsIn(nowMs);
  }

  /** Of other processes on the same key; see `OtherStarts`. */
  set others(startsMs: readonly number[]) {
    this.#bucket.others = startsMs;
  }

  /** Evenly spaced starts take turns; those of a window share it. */
  shareAt(atMs: number): LimitShare {
    const { name, policy } = this;
    if (this.#isLeaky) return { name, free: 1, spanMs: policy.windowMs / policy.quota };
    return { name, free: this.#bucket.freeAt(atMs), spanMs: this.#bucket.policy.windowMs };
  }

  comingStartsMs(nowMs: number, countMax: number): number[] {
    const firstMs = this.nextStartMs(nowMs);
    return this.#bucket.comingStartsMs(nowMs, countMax).map((atMs) => Math.max(firstMs, atMs));
  }

  take(nowMs: number): void {
    this.#firstStartMs ??= nowMs;
    this.#lastStartMs = nowMs;
    this.#started++;
    if (!this.#isOpen && this.#bucket.policy.windowMs < (this.#window.lengthMs ?? 0)) {
      this.#isTrying = true;
    }
    this.#bucket.take(nowMs);
  }

  /** See `TokenBucket.settle`. */
  settle(takenMs: number, sentMs: number, headMs: number | null): void {
    this.#bucket.settle(takenMs, sentMs, headMs);
    // Whether a request that got no answer is counted is not known.
    if (headMs === null) this.#leak.interrupted();
  }

  /**
   * An answer described it.
   *
   * @param isRefusal whether the answer refused the request
   */
  observe(seen: LimitSeen, isRefusal: boolean): void {
    const { said } = seen;
    if (!isRefusal) this.#isOpen = true;
    this.#resetAtMs = seen.headAtMs + (seen.resetMs ?? 0);
    this.#quota = quotaOf(said, this.#quota);
    const oldestOtherMs = this.#bucket.oldestOtherMs(seen.headAtMs);
    const isContradiction = this.#window.observe(seen, this.#quota, this.#history, oldestOtherMs);
    this.#isLeaky ||= said.isLeaky || isContradiction;
    const windowMs = this.#lengthMs ?? ASSUMED_WINDOW_MS;
    this.#bucket.policy = { quota: this.#quota, windowMs };
    const oldest = this.#history.get(this.#window.oldestCounted ?? Number.NaN);
    if (oldest !== undefined) this.#bucket.forgetBefore(oldest.sentAtMs, seen.sentAtMs);
    if (said.remaining === null) return;
    const used = this.#quota - said.remaining;
    const { earlier, later } = this.#history.beside(seen.number, seen.sentAtMs, seen.headAtMs);
    this.#leak.observe(seen, used, earlier + later);
    const untilMs = seen.headAtMs + (seen.resetMs ?? windowMs);
    this.#told.heard(seen, said.remaining, untilMs, this.#explains(seen, used - later));
  }

  /** How long its window is was seen here, and not only thought possible. */
  get isSeen(): boolean {
    return this.#isLeaky || this.#window.hasOpened || this.#window.isMeasured;
  }

  /** Another process has seen how long its window is. */
  relyOn({ quota, windowMs }: LimitPolicy): void {
    this.#window = new WindowEvidence();
    this.#window.restore(windowMs, true);
    this.#bucket.policy = { quota, windowMs };
  }

  /** What was heard was misread: only what is counted stays known. */
  forgetWindow(): void {
    this.#window = new WindowEvidence();
  }

  /** It refused a request. @returns when every start has left the server's log */
  refused(nowMs: number): number {
    const { windowMs } = this.#bucket.policy;
    if (this.#isTrying) this.#hasTried = true;
    this.#isTrying = false;
    this.#bucket.refused();
    // Where somebody else's requests are counted, the refusal says nothing of the window.
    if (this.#told.untilMs === null) this.#window.disproved();
    this.#leak.disproved();
    const lengthMs = this.#lengthMs ?? windowMs;
    if (this.#isScouting) return nowMs + UNKNOWN_WAIT_MS;
    this.#bucket.policy = { quota: this.#quota, windowMs: lengthMs };
    // A server that counts what it refuses may hold more than the quota: then the reset frees nothing.
    if (this.#told.untilMs !== null) return Math.max(nowMs + lengthMs, this.#told.untilMs);
    if (this.#isLeaky) return nowMs + this.policy.windowMs / this.#quota;
    return Math.max(Math.max(this.#lastStartMs, nowMs) + lengthMs, this.#resetAtMs);
  }

  saved(nowMs: number): SavedLimit {
    const { name } = this;
    const isShared = this.#bucket.oldestOtherMs(nowMs) !== null;
    const windowMs = this.#isLeaky ? null : this.#window.surestMs(isShared);
    const policy = windowMs === null ? this.policy : { quota: this.#quota, windowMs };
    const startsMs = this.#bucket.startsMs(nowMs);
    const from = this.isKnown && this.#window.hasOpened ? 'measured' : this.from;
    return { name, policy, isLeaky: this.#isLeaky, from, startsMs };
  }

  /** Of a limit that only its refusals describe, nothing but one try tells how they round. */
  get #lengthMs(): number | null {
    const isTried = this.#isOpen || this.#hasTried || this.#window.isNamed;
    return isTried ? this.#window.lengthMs : this.#window.roundestMs;
  }

  // --- a window of known length ----------------------------------------------------------------

  /** The last token is kept back until a shorter window would have ended: then it shows whether. */
  #windowAtMs(nowMs: number): number {
    const { tryMs } = this.#window;
    const longestMs = this.#started < this.#bucket.quota ? FIRST_TRY_MS_MAX : Infinity;
    const isAlone = this.#bucket.oldestOtherMs(nowMs) === null;
    const isWorth = this.#bucket.quota >= 2 && (tryMs ?? Infinity) <= longestMs;
    const isTry = this.#isOpen && isAlone && isWorth;
    if (tryMs === null || !isTry) return this.#bucket.nextStartMs(nowMs);
    const allMs = this.#bucket.nextStartMs(nowMs);
    const keptMs = this.#bucket.nextStartMs(nowMs, 1);
    const tryAtMs = this.#bucket.oldestReturnsMs(nowMs, tryMs);
    return tryAtMs === null ? allMs : Math.max(allMs, Math.min(keptMs, tryAtMs));
  }

  #explains(seen: LimitSeen, used: number): (othersUntilMs: number) => boolean {
    const lengthMs = this.#window.lengthMs ?? Number.POSITIVE_INFINITY;
    const edgeMs = Math.max(EDGE_MIN_MS, Number.isFinite(lengthMs) ? lengthMs * EDGE_SHARE : 0);
    const sinceMs = seen.sentAtMs - lengthMs - edgeMs;
    const ours = this.#history.arrivedSince(sinceMs, seen.number);
    const othersSince = (atMs: number) => this.#bucket.othersSince(atMs);
    return (untilMs) => used <= ours + othersSince(sinceMs) - othersSince(untilMs);
  }

  get #isScouting(): boolean {
    return this.#window.lengthMs === null && this.#told.left !== null;
  }

  #scoutAtMs(nowMs: number): number {
    const { left } = this.#told;
    if (left === null || this.#firstStartMs === null) return 0;
    // One at a time: of two on their way nobody knows which was counted first.
    if (this.#history.isWaiting) return Number.POSITIVE_INFINITY;
    const elapsedMs = this.#lastStartMs - this.#firstStartMs;
    const emptyUntilMs = this.#firstStartMs + Math.max(ASSUMED_WINDOW_MS, elapsedMs * 2);
    return left <= 0 && nowMs < emptyUntilMs ? emptyUntilMs : this.#apartMs(left, elapsedMs);
  }

  #apartMs(left: number, elapsedMs: number): number {
    return scoutAtMs({ quota: this.#quota, left, lastStartMs: this.#lastStartMs, elapsedMs });
  }

  /** A window that is only seen may be a bucket that leaks: what is left by the last answer holds. */
  #unsaidAtMs(): number {
    if (this.#window.isSure || (this.#told.left ?? 1) > 0) return 0;
    return this.#lastStartMs + (2 * this.#bucket.policy.windowMs) / this.#quota;
  }

  #roomAtMs(): number {
    const others = this.#told.startedSince(this.#leak.lastSentAtMs);
    const roomMs = this.#leak.roomAtMs(this.#bucket.quota, this.#history.next + others) ?? 0;
    if (this.#leak.leastPerMs > 0 || this.#firstStartMs === null) return roomMs;
    if (this.#history.isWaiting) return Number.POSITIVE_INFINITY;
    const left = this.#told.remaining ?? this.#quota;
    const scoutMs = this.#apartMs(left, this.#lastStartMs - this.#firstStartMs);
    if (scoutMs === 0) return 0;
    return Number.isFinite(roomMs) ? Math.max(roomMs, scoutMs) : scoutMs;
  }
}
