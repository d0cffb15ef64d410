/**
 * Silence: what follows a refusal. Nothing leaves for a while that doubles, then one request looks;
 * when that is accepted, all is as before.
 *
 *   open ──refused──▶ silent ──until──▶ looking ──accepted──▶ open
 *                        ▲                 └──refused──┐
 *                        └───── twice as long ◀────────┘
 *
 * Requests that had left before a refusal was known are refused for the same reason: they are awaited,
 * and no news.
 */
const FOR_MS_MAX = 3_600_000;

export class Silence {
  #untilMs = 0;
  /** Refusals since the last acceptance, those of one burst counted once. */
  #refusals = 0;
  #sinceMs: number | null = null;
  #lastStarted = Number.NEGATIVE_INFINITY;
  /** Requests up to this one had started before the last refusal was known. */
  #unaware = Number.NEGATIVE_INFINITY;
  #awaited = 0;
  /** The request that looks; null: none is on its way. */
  #probe: number | null = null;

  get untilMs(): number {
    return this.#untilMs;
  }

  get refusals(): number {
    return this.#refusals;
  }

  /** Since when every request was refused; null: the last one was not. */
  get sinceMs(): number | null {
    return this.#sinceMs;
  }

  /** When a request may leave; Infinity: after the answer to one that is on its way. */
  get nextStartMs(): number {
    const isWaiting = this.#probe !== null || (this.#refusals > 0 && this.#awaited > 0);
    return isWaiting ? Number.POSITIVE_INFINITY : this.#untilMs;
  }

  started(number: number): void {
    this.#lastStarted = number;
    if (this.#refusals > 0) this.#probe = number;
  }

  answered(number: number): void {
    if (this.#probe === number) this.#probe = null;
    if (!this.isNews(number)) this.#awaited = Math.max(0, this.#awaited - 1);
  }

  /** Whether a request could know of the last refusal: it started after that. */
  isNews(number: number): boolean {
    return number > this.#unaware;
  }

  /** A request was refused that could know of those before. @param inFlight others on their way */
  refused(nowMs: number, inFlight: number): void {
    this.#unaware = this.#lastStarted;
    this.#awaited = inFlight;
    this.#sinceMs ??= nowMs;
    this.#refusals++;
  }

  /** A request was accepted that could know of the refusals. */
  accepted(): void {
    this.#refusals = 0;
    this.#sinceMs = null;
  }

  /** The refusals had another reason than was thought: the first of this one counts. */
  restart(): void {
    this.#refusals = 1;
  }

  /** @param forMs what a first refusal asks for; it doubles with each that follows */
  growFor(forMs: number, nowMs: number): void {
    this.beFor(Math.min(FOR_MS_MAX, forMs * 2 ** Math.max(0, this.#refusals - 1)), nowMs);
  }

  beFor(forMs: number, nowMs: number): void {
    this.#untilMs = Math.max(this.#untilMs, nowMs + forMs);
  }
}
