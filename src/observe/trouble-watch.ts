/**
 * Trouble watch: what keeps a run from getting on, since when, and when the next attempt is made.
 *
 *   none ──fault──▶ one or two faults ──third, or none but faults so far, or 10 s──▶ trouble
 *     ▲                     │                                                           │
 *     └──── a page came whole (API), a page was committed (database) ──────────────────┘
 *
 * A page that fails now and then is no trouble; a refusal is, for it silences the whole run. Owns no
 * clock.
 */
import type { Fault } from '../core/fault.js';

export interface Trouble {
  /** In a few words. */
  readonly title: string;
  readonly message: string;
  readonly remedy: string | null;
  readonly sinceMs: number;
  /** Failed attempts since then. */
  readonly failures: number;
  /** Epoch ms; null: one is under way, or it is not known. */
  readonly nextAttemptMs: number | null;
}

interface Failing {
  fault: Fault;
  failures: number;
  readonly sinceMs: number;
  nextAttemptMs: number | null;
}

const FAILURES_MIN = 3;
const LASTS_MS = 10_000;

export class TroubleWatch {
  readonly #nowMs: () => number;
  #api: Failing | null = null;
  #database: Failing | null = null;
  #hasHadPage = false;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  fetchStarted(): void {}
  headSeen(): void {}
  writeFailed(): void {}
  noticed(): void {}

  scanned(): void {
    this.#hasHadPage = true;
    this.#api = null;
  }

  committed(): void {
    this.#database = null;
  }

  fetchFailed(_: unknown, fault: Fault): void {
    this.#api = failed(this.#api, fault, this.#nowMs());
  }

  /** @param waitMs until the next attempt; null: not known */
  databaseAwaited(fault: Fault, waitMs: number | null): void {
    const nowMs = this.#nowMs();
    this.#database = failed(this.#database, fault, nowMs);
    this.#database.nextAttemptMs = waitMs === null ? null : nowMs + waitMs;
  }

  /** The database answers again. */
  databaseIsBack(): void {
    this.#database = null;
  }

  /**
   * @param nextRequestMs when the next request may leave; null: one is on its way, or not known
   * @returns null while the run gets on
   */
  at(nowMs: number, nextRequestMs: number | null): Trouble | null {
    // Without the database nothing gets on, whatever the API does.
    if (this.#database !== null) {
      return troubleOf(this.#database, 'The database takes no pages', this.#database.nextAttemptMs);
    }
    const api = this.#api;
    if (api === null) return null;
    const isRefusal = api.fault.code === 'RATE_LIMITED';
    const isLasting = api.failures >= FAILURES_MIN || nowMs - api.sinceMs >= LASTS_MS;
    if (!isRefusal && !isLasting && this.#hasHadPage) return null;
    const title = isRefusal ? 'The API refuses requests for its limit' : 'The API gives no page';
    return troubleOf(api, title, nextRequestMs);
  }
}

function failed(before: Failing | null, fault: Fault, nowMs: number): Failing {
  const { failures, sinceMs } = before ?? { failures: 0, sinceMs: nowMs };
  return { fault, failures: failures + 1, sinceMs, nextAttemptMs: null };
}

function troubleOf(failing: Failing, title: string, nextAttemptMs: number | null): Trouble {
  const { fault, failures, sinceMs } = failing;
  const { message, remedy = null } = fault;
  return { title, message, remedy, sinceMs, failures, nextAttemptMs };
}
