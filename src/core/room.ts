/**
 * Room: how many requests at once an API bears, where refusals show that it counts them. After a
 * quiet while one more is tried; a refusal takes it back, and doubles the while.
 */
const QUIET_MIN_MS = 5_000;
const QUIET_MAX_MS = 3_600_000;
/** A number that was accepted as often is not what was refused. */
const PROVEN_TIMES = 8;

export class Room {
  #inFlightMax: number | null = null;
  /** How often so many at once were accepted. */
  readonly #accepted = new Map<number, number>();
  #quietMs = QUIET_MIN_MS;
  #changedAtMs = 0;
  #isSuspected = false;
  /** The requests on their way, and the most that were so at once with each. */
  readonly #onWay = new Map<number, number>();

  get inFlight(): number {
    return this.#onWay.size;
  }

  /** @returns requests in flight now, this one included */
  started(number: number): number {
    const inFlight = this.#onWay.size + 1;
    for (const [other, atOnce] of this.#onWay) this.#onWay.set(other, Math.max(atOnce, inFlight));
    this.#onWay.set(number, inFlight);
    return inFlight;
  }

  answered(number: number): void {
    this.#onWay.delete(number);
  }

  /** The most requests in flight while this one was: one that left later may have come first. */
  atOnce(number: number): number {
    return this.#onWay.get(number) ?? 1;
  }

  /** Null: no such limit was met. */
  get inFlightMax(): number | null {
    return this.#inFlightMax;
  }

  /**
   * @param inFlight requests in flight while the refused one was, itself included
   * @returns whether their number may be why; else it is the pace
   */
  refusedAt(inFlight: number, nowMs: number): boolean {
    if (!this.isUnproven(inFlight)) return false;
    if (this.#inFlightMax !== null) this.#quietMs = Math.min(QUIET_MAX_MS, this.#quietMs * 2);
    this.#inFlightMax = Math.min(this.#inFlightMax ?? inFlight, inFlight - 1);
    this.#changedAtMs = nowMs;
    this.#isSuspected = true;
    return true;
  }

  /** A refusal was taken for one of this limit, and no request was accepted since. */
  get isSuspected(): boolean {
    return this.#isSuspected;
  }

  /** Whether so many at once were hardly ever accepted. */
  isUnproven(inFlight: number): boolean {
    return inFlight > 1 && (this.#accepted.get(inFlight) ?? 0) < PROVEN_TIMES;
  }

  acceptedAt(inFlight: number, nowMs: number): void {
    this.#isSuspected = false;
    this.#accepted.set(inFlight, (this.#accepted.get(inFlight) ?? 0) + 1);
    if (this.#inFlightMax === null || nowMs - this.#changedAtMs < this.#quietMs) return;
    this.#inFlightMax++;
    this.#changedAtMs = nowMs;
  }

  /** It was the pace that was refused, not the number. */
  forget(): void {
    this.#isSuspected = false;
    this.#inFlightMax = null;
  }
}
