/**
 * Request history: when our own requests left and when their answers came, in order of their starts.
 * What an answer says is left of a limit is read against it.
 */

import { Lateness } from './lateness.js';

/** Instants are epoch ms. */
export interface OwnRequest {
  sentAtMs: number;
  /** When the head of its answer came, so that it had arrived by then; null: not known. */
  headAtMs: number | null;
  /** From the log of an earlier process, which may have recorded it late, or in vain. */
  readonly isRecorded: boolean;
  isRefused: boolean;
}

/** Which of our requests a server counts, by number; the oldest of them is one of these. */
export interface Counted {
  readonly oldestMin: number;
  readonly oldestMax: number;
}

/** Requests sent before one, and after it, that were on their way at the same time. */
export interface Beside {
  readonly earlier: number;
  readonly later: number;
}

/** So many requests are in flight at most. */
const BESIDE_MAX = 100;
/** No limit that is told by what remains counts more than this many of ours. */
const KEPT_MAX = 5_000;

export class RequestHistory {
  readonly #requests: OwnRequest[] = [];
  #first = 0;
  #isWaiting = false;
  readonly #lateness = new Lateness();

  /** @param recordedAtMs starts of earlier processes, ascending */
  constructor(recordedAtMs: readonly number[] = []) {
    for (const sentAtMs of recordedAtMs.slice(-KEPT_MAX)) {
      this.#requests.push({ sentAtMs, headAtMs: null, isRecorded: true, isRefused: false });
    }
  }

  /** The number that the next request gets. */
  get next(): number {
    return this.#first + this.#requests.length;
  }

  /** Whether the answer to the last request is still on its way. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** @returns the number of the request, ascending */
  start(nowMs: number): number {
    this.#isWaiting = true;
    this.#requests.push({ sentAtMs: nowMs, headAtMs: null, isRecorded: false, isRefused: false });
    if (this.#requests.length > KEPT_MAX) {
      this.#requests.shift();
      this.#first++;
    }
    return this.next - 1;
  }

  settle(number: number, sentAtMs: number, headAtMs: number | null): void {
    if (number === this.next - 1) this.#isWaiting = false;
    const request = this.get(number);
    if (request === undefined) return;
    request.sentAtMs = sentAtMs;
    request.headAtMs = headAtMs;
    if (headAtMs !== null) this.#lateness.add(headAtMs - sentAtMs);
  }

  /** A limiter refused it, and may count it all the same. */
  refused(number: number): void {
    const request = this.get(number);
    if (request !== undefined) request.isRefused = true;
  }

  /**
   * The oldest of the requests that a server counts when it answers one. Which arrived, and which of
   * those on their way together came first, is not known: so it lies between two.
   *
   * @param used how many it counts, the one that it answers included
   * @returns null where it counts requests that are not ours, or too old to be known
   */
  counted(number: number, sentAtMs: number, headAtMs: number, used: number): Counted | null {
    const { later } = this.beside(number, sentAtMs, headAtMs);
    if (number - this.#first + 1 < used) return null;
    let sure = 0;
    let oldestMax = number;
    for (let other = number; other >= this.#first; other--) {
      if (number - other < used) oldestMax = other;
      if (other === number || this.#isSure(other, sentAtMs)) sure++;
      const isLast = sure === used || other === this.#first;
      if (isLast) return { oldestMin: other, oldestMax: Math.min(number, oldestMax + later) };
    }
    return null;
  }

  /** Whether a request was counted before another one left. */
  #isSure(number: number, beforeMs: number): boolean {
    const request = this.get(number);
    const headAtMs = request?.headAtMs ?? null;
    return request?.isRefused === false && headAtMs !== null && headAtMs <= beforeMs;
  }

  /**
   * How late a request may have arrived; Infinity while its answer is not there.
   */
  latenessMs({ sentAtMs, headAtMs }: Pick<OwnRequest, 'sentAtMs' | 'headAtMs'>): number {
    if (headAtMs === null) return Number.POSITIVE_INFINITY;
    return this.#lateness.of(headAtMs - sentAtMs);
  }

  get(number: number): OwnRequest | undefined {
    return this.#requests[number - this.#first];
  }

  all(): readonly OwnRequest[] {
    return this.#requests;
  }

  /** When the first request left that is known, epoch ms; null: none is. */
  get oldestMs(): number | null {
    return this.#requests[0]?.sentAtMs ?? null;
  }

  /** Of all requests that are known, epoch ms, ascending. */
  startsMs(): number[] {
    return this.#requests.map(({ sentAtMs }) => sentAtMs).sort((a, b) => a - b);
  }

  /** Other requests that were on their way together with one: those may have arrived in any order. */
  beside(number: number, sentAtMs: number, headAtMs: number): Beside {
    let earlier = 0;
    let later = 0;
    for (let other = number - 1; other >= number - BESIDE_MAX; other--) {
      const request = this.get(other);
      if (request === undefined) break;
      const isRecorded = request.isRecorded;
      if (!isRecorded && (request.headAtMs ?? Number.POSITIVE_INFINITY) > sentAtMs) earlier++;
    }
    for (let other = number + 1; other < this.next; other++) {
      if ((this.get(other)?.sentAtMs ?? headAtMs) < headAtMs) later++;
    }
    return { earlier, later };
  }

  /** Requests up to `number` that may have arrived after `sinceMs`. */
  arrivedSince(sinceMs: number, number: number): number {
    let count = 0;
    for (let other = number; other >= this.#first; other--) {
      const request = this.get(other);
      if (request === undefined) break;
      if (request.sentAtMs + this.latenessMs(request) < sinceMs) break;
      count++;
    }
    return count;
  }
}
