/**
 * Seeker: builds cursors to known places, for as long as the API takes such cursors.
 *
 * A source that cannot seek is known by cursors that cannot be read, by refusing one that was built,
 * or by an answer to one that contradicts the order. The last may have come from a bad cache: before a
 * walk would begin again for want of a cursor, it is tried once more.
 */
import type { PageJob } from './page-job.js';
import type { CursorBuilder } from './segment.js';
import { ServerClock } from './server-clock.js';

export class Seeker {
  /** Whose time a built cursor carries. */
  readonly serverClock = new ServerClock();
  readonly #cursors: CursorBuilder;
  /** `doubted`: an answer has contradicted; `lastTry`: it is tried once more; the next one is final. */
  #state: 'trusted' | 'doubted' | 'lastTry' | 'failed';
  #isProven = false;

  constructor(cursors: CursorBuilder, canSeek: boolean) {
    this.#cursors = cursors;
    this.#state = canSeek ? 'trusted' : 'failed';
  }

  /** False once it is thought to be in vain: from then on only cursors that the API gave are used. */
  get canSeek(): boolean {
    return this.#state === 'trusted' || this.#state === 'lastTry';
  }

  /** Whether a built cursor has led where it should. */
  get isProven(): boolean {
    return this.#isProven;
  }

  proved(): void {
    this.#isProven = true;
  }

  /** The source cannot read what was built. */
  failed(): void {
    this.#state = 'failed';
  }

  /** The answer to a built cursor contradicted the order. */
  contradicted(): void {
    this.#state = this.#state === 'trusted' ? 'doubted' : 'failed';
  }

  /**
   * Gives a page's cursor a life that outlasts its request, where it has none.
   *
   * @param thresholdMs rebuild the cursor when less than this is left of it
   * @returns false when the page cannot be asked for: its cursor is dead and cannot be rebuilt
   */
  renew(job: PageJob, nowMs: number, thresholdMs: number): boolean {
    const { cursorTtlMs } = this.#cursors;
    const isDead = job.cursor === null || job.cursorExpiresAtMs <= nowMs;
    const isDying = job.cursorExpiresAtMs - nowMs < Math.min(thresholdMs, job.cursorLifeMs / 2);
    if (job.after !== null && job.isAfterKnown && (isDead || isDying)) {
      if (isDead && this.#state === 'doubted') this.#state = 'lastTry';
      const expiresAtMs = this.serverClock.at(nowMs) + cursorTtlMs;
      const rebuilt = this.canSeek ? this.#cursors.buildCursor(job.after, expiresAtMs) : null;
      if (rebuilt !== null) {
        job.isBuilt = true;
        job.cursor = rebuilt;
        job.cursorExpiresAtMs = nowMs + cursorTtlMs;
      } else if (job.cursor === null) return false;
    }
    // Without a cursor only the beginning can be asked for, and this page is not there.
    if (job.cursor === null && !job.isAfterKnown) return false;
    // An opaque cursor near its end is still worth the try; a dead one is not.
    return job.cursor === null || job.cursorExpiresAtMs > nowMs;
  }
}
