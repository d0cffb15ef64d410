/**
 * Contradictions: answers that cannot be true, or that one does not believe at once.
 *
 * An answer against the order may come from a bad cache, so its page is asked for again, with
 * patience. To one that a cursor built here has got, it may mean that the API does not read such
 * cursors: then seeking ends. What announces the end is judged in announced-end.ts.
 */
import { type DoubtedEnd, type EndVerdict, judgeEnds } from './announced-end.js';
import { type Fault, refusesPlace } from './fault.js';
import { decideOnContradiction, decideOnDoubtedEnd } from './fault-decision.js';
import type { OutstandingPage } from './outstanding.js';
import { AFTER_ALL_OTHERS, type PageJob } from './page-job.js';
import type { RunContext } from './run-context.js';
import { PLAN_WANTED } from './taking.js';

/** Answers to one page that contradict the order until a seek that has proved true is called false. */
const SEEK_LOOKS = 3;

/** Of the records that were announced. A total that is a guess is worth no second walk over all of them. */
const SKIPPED_SHARE_MIN = 0.25;

const ROWS_GONE =
  'If the API has deleted rows meanwhile, --restart begins a new run over the same tables';

export class Contradictions {
  readonly #context: RunContext;
  #endDoubts = 0;
  #endWalks = 0;

  constructor(context: RunContext) {
    this.#context = context;
  }

  /**
   * The answer to a page cannot be true.
   *
   * @param orderLooks unless the order that is declared does not hold: so many answers show that, or as
   *   many as are worth a look; unset: whatever the order
   */
  found(
    page: OutstandingPage,
    fault: Fault,
    nowMs: number,
    orderLooks: number | null = null,
  ): void {
    const { frontier } = this.#context.options;
    const { job } = page;
    this.#context.drop(page);
    // Before any seek has proved true, to ask again would let the chains end that are to take over.
    const looks = frontier.isSeekProven ? SEEK_LOOKS : 1;
    if (job.isBuilt && job.troubles.contradictions + 1 >= looks)
      return this.seekFailed(page, fault);
    const decision = decideOnContradiction(job, this.#how());
    const isLast = decision.type === 'giveUp';
    const mayBeOrder = orderLooks !== null && !job.isBuilt && this.#context.order.holds;
    if (mayBeOrder && (isLast || job.troubles.contradictions >= orderLooks)) {
      if (!this.#context.leaveOrder(fault.message, job, nowMs)) frontier.putBack(job, nowMs);
    } else if (isLast) this.#context.fail(fault, job);
    else this.#askAgain(job, fault, nowMs + decision.delayMs);
  }

  /** A cursor that was built here does not lead where it should: one chain on given cursors. */
  seekFailed(page: OutstandingPage, fault: Fault): void {
    const { frontier } = this.#context.options;
    const { job } = page;
    const message = 'positions cannot be sought; one chain from here on';
    this.#context.notice({ event: 'seek_failed', message }, job, fault);
    const isFinal = fault.code !== 'CONTRACT';
    for (const handed of frontier.seekFailed(job, isFinal)) this.#context.handOver(handed);
  }

  /**
   * A segment that was cut, and whose first answer is the end of the source without a row: the cut may
   * lie behind the end, or the API may not read built cursors. The chain before it finds out.
   *
   * @returns false when there is none any more
   */
  hasNothing(page: OutstandingPage): boolean {
    const handed = this.#context.options.frontier.handOver(page.job, true);
    if (handed === null) return false;
    this.#context.drop(page);
    this.#context.handOver(handed);
    return true;
  }

  /**
   * The first page of a segment is refused: what was cut off may lie behind the end, where many APIs serve
   * nothing. An open chain before it finds out. Where that one was told of the end at this very place, the
   * page is asked for again, and may then be refused as an empty one.
   *
   * @returns false when it is another fault, or nothing speaks for an end
   */
  isRefusedAhead(page: OutstandingPage, fault: Fault, nowMs: number): boolean {
    const { options, splitter, outstanding } = this.#context;
    const { job } = page;
    const { after, isBehindEnd } = job;
    if (after === null || !refusesPlace(fault)) return false;
    const tell = (message: string) =>
      this.#context.notice({ event: 'cut_refused', message }, job, fault);
    if (options.frontier.segmentOf(job).isUnproven && this.hasNothing(page)) {
      splitter.observe({ from: null, through: null, rows: 0, total: null, endMs: after.ms });
      tell('nothing is served so far ahead: the chain before walks on');
      return true;
    }
    if (isBehindEnd) return false;
    if (!outstanding.isEndToldAt(after)) return this.wantsPlan(page);
    job.foundBehindEnd();
    options.frontier.putBack(job, nowMs);
    tell('the chain before was told of the end: asked for once more');
    return true;
  }

  /**
   * What another member has cut off is not to be had there, and the chain before it is not here: it may lie behind the
   * end. A plan of the whole run knows.
   *
   * @returns false where this member has cut it, or planned it
   */
  wantsPlan({ job }: OutstandingPage): boolean {
    if (!this.#context.options.frontier.segmentOf(job).isOrphan) return false;
    this.#context.endIncomplete({ status: 'failed', fault: PLAN_WANTED });
    return true;
  }

  /** Believes the ends that were announced, or asks for them again. */
  settleEnds(nowMs: number): void {
    for (const [page, verdict] of judgeEnds(this.#context, nowMs))
      this.#settleEnd(page, verdict, nowMs);
  }

  #settleEnd(page: OutstandingPage, verdict: EndVerdict, nowMs: number): void {
    if (verdict.type === 'wait') return;
    if (verdict.type === 'later') {
      this.#context.options.frontier.putBack(page.job, AFTER_ALL_OTHERS);
      return this.#context.drop(page);
    }
    if ('reason' in verdict && this.#isDisbelieved(page, verdict, nowMs)) return;
    this.#context.say(this.#context.outstanding.believed(page));
  }

  /** @returns false when it was asked for often enough, and nothing proves it false */
  #isDisbelieved(page: OutstandingPage, verdict: DoubtedEnd, nowMs: number): boolean {
    const { options, outcome, splitter } = this.#context;
    const { job } = page;
    const fault: Fault = { code: 'CONTRACT', message: verdict.reason, retryable: false };
    splitter.forgetEnd();
    // A run that is to end asks for nothing more: the page is left for the next start.
    if (outcome !== null) options.frontier.putBack(job, nowMs);
    else if (verdict.type === 'false') {
      this.found(page, { ...fault, remedy: ROWS_GONE }, nowMs, Number.POSITIVE_INFINITY);
      return true;
    } else {
      // Over all pages: a walk that begins again meets its end again.
      const decision = decideOnDoubtedEnd(++this.#endDoubts, this.#how());
      if (decision.type === 'giveUp') return this.#mayHaveSkipped(page, verdict, nowMs);
      const retryAtMs = nowMs + decision.delayMs;
      // To look again is worth one walk from the start, where its cursor cannot be had otherwise.
      if (!this.#isAskable(job, retryAtMs, nowMs) && this.#endWalks++ > 0) return false;
      this.#context.forgetOthers();
      this.#askAgain(job, fault, retryAtMs);
    }
    this.#context.drop(page);
    return true;
  }

  /** What lacks may lie where the order let it be skipped: one chain walks all before the end is believed. */
  #mayHaveSkipped(page: OutstandingPage, verdict: DoubtedEnd, nowMs: number): boolean {
    const { options, order } = this.#context;
    if (!order.holds || !options.frontier.hasSkipped) return false;
    if ((verdict.lacksShare ?? 0) < SKIPPED_SHARE_MIN) return false;
    return this.#context.leaveOrder(verdict.reason, page.job, nowMs);
  }

  #isAskable(job: PageJob, retryAtMs: number, nowMs: number): boolean {
    const { starts, options } = this.#context;
    const { frontier } = options;
    const askedAtMs = Math.max(retryAtMs, starts.nextStartMs(nowMs));
    return frontier.canSeek || job.cursor === null || job.cursorExpiresAtMs > askedAtMs;
  }

  #askAgain(job: PageJob, fault: Fault, retryAtMs: number): void {
    this.#context.notice({ event: 'page_contradicted', message: 'asked for again' }, job, fault);
    this.#context.options.frontier.putBack(job, retryAtMs);
  }

  #how(): Parameters<typeof decideOnContradiction>[1] {
    const { backoff, random } = this.#context.options;
    return { backoff, random: random() };
  }
}
