/**
 * Seeker: builds cursors to known places, for as long as the API takes such cursors.
 *
 * That a source can seek is declared by its paging, and its answers have to bear it out: cursors that
 * cannot be read end it, the refusal of one that was built, and a page that contradicts the order. An
 * answer to a built cursor that leads elsewhere may have come from a bad cache: before a walk would
 * begin again for want of a cursor, it is tried once more.
 */
import type { Paging } from '../paging/paging.js';
import type { PageJob } from './page-job.js';
import { ServerClock } from './server-clock.js';

export class Seeker {
  /** Whose time a built cursor carries. */
  readonly serverClock = new ServerClock();
  readonly #paging: Paging;
  /** `doubted`: an answer has contradicted; `lastTry`: it is tried once more; the next one is final. */
  #state: 'trusted' | 'doubted' | 'lastTry' | 'failed';
  #isProven = false;

  /** @param canSeek whether nothing that earlier processes have seen speaks against it */
  constructor(paging: Paging, canSeek: boolean) {
    this.#paging = paging;
    this.#state = canSeek && paging.seek !== null ? 'trusted' : 'failed';
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
    const { cursorLifeMs, seek, givenSaysMore = false } = this.#paging;
    const { after } = job;
    const isDead = job.cursor === null || job.cursorExpiresAtMs <= nowMs;
    const isDying = job.cursorExpiresAtMs - nowMs < Math.min(thresholdMs, job.cursorLifeMs / 2);
    const isKnown = after !== null && job.isAfterKnown;
    if (isKnown && (isDead || (isDying && !givenSaysMore))) {
      if (isDead && this.#state === 'doubted') this.#state = 'lastTry';
      const expiresAtMs = this.serverClock.at(nowMs) + cursorLifeMs;
      const cursor = this.canSeek && seek !== null ? seek(after, expiresAtMs) : null;
      if (cursor !== null) job.rebuilt(cursor, nowMs + cursorLifeMs);
      else if (job.cursor === null) return false;
    }
    if (job.cursor === null && !job.isFirst) return false;
    // An opaque cursor near its end is still worth the try; a dead one is not.
    return job.cursor === null || job.cursorExpiresAtMs > nowMs;
  }
}
