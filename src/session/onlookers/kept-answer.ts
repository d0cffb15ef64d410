/**
 * What the ledger has last answered to a question of those who look on. It is asked while somebody does, one question
 * at a time, and the more seldom the longer it takes to answer.
 */
import { IngestionError } from '../../core/fault.js';

export interface Question<Answer> {
  /** Null: there is no ledger yet. @throws IngestionError while the database cannot say */
  readonly ask: () => Promise<Answer | null>;
  /** Told of a bug. */
  readonly complain: (error: unknown) => void;
  readonly nowMs: () => number;
}

const ASK_EVERY_MS = 1_000;
/** The database is at it for a twentieth of the time at most. */
const SPAN_FACTOR = 20;
/** Who needs it as it is now waits no longer. */
const ANSWER_MS = 1_000;

export class KeptAnswer<Answer> {
  readonly #question: Question<Answer>;
  #answer: Answer | null = null;
  /** Whether the last question had an answer. */
  #isAnswered = false;
  #asking: Promise<void> | null = null;
  #askAgainAtMs = Number.NEGATIVE_INFINITY;

  constructor(question: Question<Answer>) {
    this.#question = question;
  }

  /** The last one, for who looks again soon; null: there is none yet. */
  get last(): Answer | null {
    void this.#refresh();
    return this.#answer;
  }

  /** As it is now; null: the ledger cannot say. Never rejects. */
  async now(): Promise<Answer | null> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(true), ANSWER_MS);
    });
    const isLate = await Promise.race([late, this.#refresh().then(() => false)]);
    clearTimeout(timer);
    return !isLate && this.#isAnswered ? this.#answer : null;
  }

  /** Never rejects. */
  #refresh(): Promise<void> {
    if (this.#asking !== null) return this.#asking;
    const nowMs = this.#question.nowMs();
    if (nowMs < this.#askAgainAtMs) return Promise.resolve();
    this.#asking = this.#ask(nowMs).finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  async #ask(startedAtMs: number): Promise<void> {
    const { ask, complain, nowMs } = this.#question;
    try {
      this.#answer = await ask();
      this.#isAnswered = true;
    } catch (error) {
      this.#isAnswered = false;
      if (!(error instanceof IngestionError)) complain(error);
    }
    const tookMs = nowMs() - startedAtMs;
    this.#askAgainAtMs = startedAtMs + Math.max(ASK_EVERY_MS, tookMs * SPAN_FACTOR);
  }
}
