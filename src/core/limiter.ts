/**
 * Limiter: all that the API permits, and when the next request may start.
 *
 *   limits     one for each that answers describe (limit.ts); a start needs a token of every one
 *   pace       what refusals teach where answers describe nothing, or not all (learned-pace.ts)
 *   silence    after a refusal, for the longer of the server's word and a growing back-off (silence.ts)
 *
 * The API is asked for as much as the evidence permits, and the evidence corrects it in both
 * directions; `takeChanges` says when it did.
 */
import { AnnouncedLimits, type Answered, type OwnStart } from './announced-limits.js';
import { LearnedPace } from './learned-pace.js';
import { type LimitLog, type LimitView, leastOf, NO_LIMITS, startedBy } from './limit-log.js';
import { paceSentence } from './limit-words.js';
import { Room } from './room.js';
import { Silence } from './silence.js';
import { type LimitShare, type OtherStarts, othersOf, PACE } from './start-reservation.js';
import type { LimitPolicy } from './token-bucket.js';
import { UnsaidRefusals } from './unsaid-refusals.js';

/** One answer may lack what others say: so many without a limit show that there is none. */
const UNDESCRIBED_MIN = 2;
const PACE_NAME = 'pace';
/** A limiter of requests at once opens when one has been answered, and asks for no longer pause. */
const ROOM = { backoffMs: 50, wordMsMax: 1_000 } as const;
/** A window and what arrivals may be late. */
const DRAIN_FACTOR = 1.01;

export class Limiter {
  readonly #announced: AnnouncedLimits;
  #pace: LearnedPace;
  readonly #room = new Room();
  readonly #unsaid = new UnsaidRefusals();
  #undescribed = 0;
  /** A page came, or an earlier process learned: what was assumed does not hold any more. */
  #isLearned: boolean;
  readonly #keepsAssumed: boolean;
  readonly #silence = new Silence();
  #changes: string[] = [];

  constructor(options: {
    /** In force until an answer has described a limit; null: none. */
    readonly assumed: LimitPolicy | null;
    readonly reserve?: number;
    readonly log?: LimitLog;
    /** An answer that describes no limit does not show that there is none. */
    readonly keepsAssumed?: boolean;
    readonly nowMs: number;
  }) {
    const { assumed, reserve = 0, log = NO_LIMITS, nowMs } = options;
    this.#isLearned = log.isLearned;
    this.#keepsAssumed = options.keepsAssumed ?? false;
    this.#pace = new LearnedPace(log.pace);
    if (log.pace !== null) this.#sayPace('an earlier run learned that');
    this.#announced = new AnnouncedLimits({
      ...{ saved: startedBy(log.limits, nowMs), reserve },
      assumed: log.isLearned ? null : assumed,
      changed: (sentence) => this.#changes.push(sentence),
    });
  }

  // --- deciding --------------------------------------------------------------------------------

  /** When a start is permitted by all but these limits; ≤ `nowMs`: now; Infinity: after an answer. */
  nextStartMs(nowMs: number, without?: ReadonlySet<string>): number {
    const unannouncedMs = Math.max(this.#silence.nextStartMs, this.#pace.nextStartMs());
    return Math.max(unannouncedMs, this.#announced.nextStartMs(nowMs, without));
  }

  /** How many starts are permitted at this instant. Infinity where nothing limits. */
  tokensAt(nowMs: number): number {
    if (this.nextStartMs(nowMs) > nowMs) return 0;
    if (this.#pace.intervalMs !== null || this.#silence.refusals > 0) return 1;
    let tokens = Number.POSITIVE_INFINITY;
    for (const limit of this.#announced.all()) tokens = Math.min(tokens, limit.tokensAt(nowMs));
    return tokens;
  }

  /** Records a start, which `nextStartMs` has permitted. */
  take(nowMs: number, without?: ReadonlySet<string>): OwnStart {
    const started = this.#announced.take(nowMs, without);
    const request = { ...started, inFlight: this.#room.started(started.number) };
    this.#pace.started(nowMs);
    this.#silence.started(request.number);
    return request;
  }

  /** Starts of other processes on the same key; they replace those that were known before. */
  set others(others: OtherStarts) {
    this.#announced.others = others;
    this.#pace.othersMs = othersOf(others, PACE).at(-1) ?? Number.NEGATIVE_INFINITY;
  }

  /** Whether others may know the limits that are only assumed here. */
  get mayLearn(): boolean {
    return this.#announced.hasOthers && !this.#announced.isAny && !this.#isLearned;
  }

  /** What others have learned takes the place of what is assumed, or was not seen. */
  learn({ limits, pace, isLearned }: LimitLog, nowMs: number): void {
    if (!isLearned) return;
    if (!this.mayLearn) return this.#announced.relyOn(limits);
    this.#pace = new LearnedPace(pace);
    this.#announced.adopt(limits, nowMs);
    this.#isLearned = true;
  }

  /** What each limit permits at an instant to come, were nobody else there. */
  sharesAt(atMs: number): LimitShare[] {
    const shares = [...this.#announced.all()].map((limit) => limit.shareAt(atMs));
    const spanMs = this.#pace.intervalMs;
    return spanMs === null ? shares : [...shares, { name: PACE, free: 1, spanMs }];
  }

  // --- learning --------------------------------------------------------------------------------

  /**
   * A request failed on the way, or by no doing of the limiter's.
   *
   * @param isUnsaid its answer may have been a refusal: a 503 without a word of limits
   */
  failed(request: OwnStart, answer: Answered, isUnsaid = false): void {
    if (isUnsaid) this.#unsaid.add(true);
    this.#settle(request, answer);
    this.#announced.describe(request.number, answer, false);
  }

  /** A page came: the limiter let its request in. */
  accepted(request: OwnStart, answer: Answered & { readonly headAtMs: number }): void {
    this.#settle(request, answer);
    this.#unsaid.add(false);
    this.#announced.accepted(answer.sentAtMs);
    const { headAtMs, sentAtMs } = answer;
    if (this.#silence.isNews(request.number)) {
      this.#silence.accepted();
      this.#room.acceptedAt(request.inFlight, headAtMs);
      if (this.#pace.acceptedAt(sentAtMs, headAtMs)) {
        this.#room.forget();
        this.#sayPace('it was seen how many it accepts');
      }
    } else {
      this.#pace.acceptedBefore();
    }
    this.#announced.describe(request.number, answer, false);
    if (this.#isLearned || this.#keepsAssumed) return;
    if (!this.#announced.isAny && ++this.#undescribed < UNDESCRIBED_MIN) return;
    this.forgetAssumed();
    if (this.#announced.isAny) return;
    this.#changes.push(
      'no answer names a limit so far: few requests at first, more while none is refused',
    );
  }

  /**
   * The limiter refused a request: silence, then one request that looks.
   *
   * @returns whether this is news: the others of a burst are refused for one reason
   */
  refused(request: OwnStart, answer: Answered, nowMs: number): boolean {
    const atOnce = this.#room.atOnce(request.number);
    this.#settle(request, answer);
    this.#announced.refused(request);
    const exhausted = this.#announced.describe(request.number, answer, true);
    const wordMs = this.#announced.wordMs(answer, nowMs);
    if (!this.#silence.isNews(request.number)) {
      // Of too many at once only the last is refused: where others are as well, it is the pace.
      const isPace = this.#room.isSuspected && exhausted.length === 0;
      const backoffMs = isPace ? this.#tooFast(answer.sentAtMs, nowMs) : 0;
      this.#silence.beFor(Math.max(wordMs, backoffMs), nowMs);
      return false;
    }
    this.#silence.refused(nowMs, this.#room.inFlight);
    const spentMs = this.#announced.blame(exhausted, nowMs);
    const backoffMs =
      spentMs === null ? this.#unannounced(atOnce, answer.sentAtMs, wordMs, nowMs) : 0;
    this.#silence.growFor(spentMs === null ? backoffMs : spentMs - nowMs, nowMs);
    this.#silence.beFor(wordMs, nowMs);
    return true;
  }

  /** No answer describes a limit: what was assumed does not hold. */
  forgetAssumed(): void {
    this.#isLearned = true;
    this.#announced.forgetAssumed();
  }

  /** Requests left without a token: silence until every start has left the server's log. */
  drain(nowMs: number): void {
    const longestMs = Math.max(0, ...this.limits().map(({ windowMs }) => windowMs));
    this.#silence.beFor(longestMs * DRAIN_FACTOR, nowMs);
  }

  // --- looking ---------------------------------------------------------------------------------

  /** Whether an answer, now or in an earlier process, has said what limits, or that nothing does. */
  get isLearned(): boolean {
    return this.#isLearned || this.#announced.isAny;
  }

  get isAnnounced(): boolean {
    return this.#announced.isAny;
  }

  /** Whether a 503 that does not call itself a refusal may be the limiter's, where no answer describes a limit. */
  mayBeRefusal(request: OwnStart): boolean {
    if (!this.#isLearned || this.isAnnounced) return false;
    const isUnproven = this.#room.isUnproven(this.#room.atOnce(request.number));
    const spacingMs = this.#pace.intervalMs ?? 0;
    return this.#unsaid.mayBeOne(this.#silence.refusals, spacingMs, isUnproven);
  }

  /** Nothing is sent before this, for a refusal; epoch ms. */
  get silentUntilMs(): number {
    return this.#silence.untilMs;
  }

  /** Since when every request was refused; null: the last one was not. */
  get refusedSinceMs(): number | null {
    return this.#silence.sinceMs;
  }

  /** Requests at once that the API bears, as a refusal taught; null: not known. */
  get inFlightMax(): number | null {
    return this.#room.inFlightMax;
  }

  /** The limit that permits the least on average; null: none is known. */
  get policy(): LimitPolicy | null {
    return leastOf(this.limits());
  }

  /** All limits, as they are known now. */
  limits(): LimitView[] {
    const views = [...this.#announced.all()].map((limit): LimitView => {
      const { name, kind, from } = limit;
      return { name, kind, from, ...limit.policy };
    });
    const { policy } = this.#pace;
    if (policy === null) return views;
    return [...views, { name: PACE_NAME, kind: 'window', from: 'measured', ...policy }];
  }

  /** Our starts that the tightest limit still counts. */
  startsIn(nowMs: number): number {
    return this.#announced.tightest?.startsIn(nowMs) ?? 0;
  }

  /** When the next starts will be permitted, as the tightest limit has it; see `TokenBucket`. */
  comingStartsMs(nowMs: number, countMax: number): number[] {
    const coming = this.#announced.tightest?.comingStartsMs(nowMs, countMax) ?? [];
    return coming.map((atMs) => Math.max(atMs, this.#silence.untilMs));
  }

  /** What was learned since the last call, a sentence each. */
  takeChanges(): string[] {
    return this.#changes.splice(0);
  }

  /** What must survive this process. */
  log(nowMs: number): LimitLog {
    return {
      limits: [...this.#announced.all()].map((limit) => limit.saved(nowMs)),
      pace: this.#pace.saved,
      isLearned: this.isLearned,
      isSeen: this.#announced.areSeen,
    };
  }

  #settle(request: OwnStart, answer: Answered): void {
    this.#room.answered(request.number);
    this.#silence.answered(request.number);
    this.#announced.settle(request, answer);
  }

  /** Nothing that is described refused: too many at once, or too fast. @returns the back-off */
  #unannounced(atOnce: number, sentAtMs: number, wordMs: number, nowMs: number): number {
    if (wordMs < ROOM.wordMsMax && this.#room.refusedAt(atOnce, nowMs)) {
      this.#changes.push(
        `the API refused request ${atOnce} at once: at most ${atOnce - 1} are sent from now on`,
      );
      return ROOM.backoffMs;
    }
    return this.#tooFast(sentAtMs, nowMs);
  }

  /** It was not their number: the pace's own back-off begins. */
  #tooFast(sentAtMs: number, nowMs: number): number {
    if (this.#room.inFlightMax !== null) this.#silence.restart();
    this.#room.forget();
    const before = this.#pace.intervalMs;
    const backoffMs = this.#pace.refusedAt(sentAtMs, nowMs);
    if (this.#pace.intervalMs !== before) this.#sayPace('it refused a request');
    return backoffMs;
  }

  #sayPace(reason: string): void {
    this.#changes.push(paceSentence(this.#pace.intervalMs ?? 1000, reason));
  }
}
