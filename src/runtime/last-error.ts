/**
 * The last error of a run that goes on, for those who look on through the database.
 *
 *   none ──fault──▶ told ──page committed, and calm for a minute──▶ none
 *
 * A page that is committed costs one comparison; what changes is told at most every ten seconds, the
 * newest then, however many faults there were.
 */

const TELL_EVERY_MS = 10_000;
/** Other pages go on while one fails: an error that is gone at once would never be seen. */
const CALM_MS = 60_000;

export interface LastErrorParts {
  /** Null: all is well again. Must not throw. */
  readonly tell: (text: string | null) => void;
  readonly nowMs: () => number;
}

export class LastError {
  readonly #parts: LastErrorParts;
  /** A run begins, and is resumed, without one. */
  #told: string | null = null;
  #current: string | null = null;
  #failedAtMs = 0;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #isOver = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: LastErrorParts) {
    this.#parts = parts;
  }

  failed(text: string): void {
    this.#current = text;
    this.#failedAtMs = this.#parts.nowMs();
    this.#tellInTime();
  }

  /** A page was committed. */
  wentWell(): void {
    if (this.#current === null || this.#parts.nowMs() - this.#failedAtMs < CALM_MS) return;
    this.#current = null;
    this.#tellInTime();
  }

  /** From here on nothing is told: how the run ended is. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#isOver = true;
  }

  #tellInTime(): void {
    if (this.#isOver || this.#timer !== undefined) return;
    const waitMs = this.#toldAtMs + TELL_EVERY_MS - this.#parts.nowMs();
    if (waitMs <= 0) return this.#tell();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#tell();
    }, waitMs).unref();
  }

  #tell(): void {
    if (this.#current === this.#told) return;
    this.#told = this.#current;
    this.#toldAtMs = this.#parts.nowMs();
    this.#parts.tell(this.#told);
  }
}
