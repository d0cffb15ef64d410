/**
 * Faults: expected failures as plain values.
 *
 * A fault is data, so it crosses thread boundaries whole (an Error loses its class and code there).
 * It answers "what now?": `retryable` says whether the same work may succeed later. Bugs are not
 * faults; they are assertions.
 */

export { assert } from '../paging/assert.js';

/** Every code that a fault can carry, by what the caller does about it. */
export type FaultCode =
  /** No usable answer: connection refused, reset, DNS, cut in mid-body. Retry. */
  | 'NETWORK'
  /** No head, no byte or no whole body within its deadline. Retry. */
  | 'TIMEOUT'
  /**
   * An address that cannot be the API's: no such host, a certificate that proves nothing, another
   * protocol. Final until something has answered; from then on it passes, as NETWORK does.
   */
  | 'ADDRESS'
  /** This machine lacks memory, files or ports. Retry, bounded; the API is well. */
  | 'MACHINE'
  /** 5xx or another status that a later attempt may heal. Retry. */
  | 'HTTP_STATUS'
  /** A status that nobody expects of a page. Final before any page has come, then retried, bounded. */
  | 'UNEXPECTED_STATUS'
  /** A 200 whose body is cut short, null or no JSON, or that reports a failure. Retry. */
  | 'PAGE_MALFORMED'
  /** A 200 that is whole and no page: another API, it seems. Final unless a page was good before. */
  | 'NOT_A_PAGE'
  /** The body outgrew `bodyBytesMax`. Retry with a smaller page. */
  | 'BODY_TOO_LARGE'
  /** The API refuses to send so many records at once. Ask for fewer. */
  | 'LIMIT_REFUSED'
  /** 429 or alike: the limiter waits, and the page is not at fault. Costs no attempt. */
  | 'RATE_LIMITED'
  /** The cursor is past its life. Rebuild or refresh it. */
  | 'CURSOR_EXPIRED'
  /** The API does not read the cursor. Rebuild it once, then fail. */
  | 'CURSOR_INVALID'
  /** 401, or 403 without a sign of a limit. Final. */
  | 'CREDENTIALS'
  /** The answer breaks the contract in a way that no retry heals (loop, missing cursor). Final. */
  | 'CONTRACT'
  /** A redirect; the key is never sent to another place. Final. */
  | 'REDIRECT'
  /** A worker thread died with the work in hand. Retry elsewhere. */
  | 'WORKER_DIED'
  /** The database cannot be reached or is restarting. Retry, bounded. */
  | 'DATABASE_UNAVAILABLE'
  /** Deadlock, serialisation failure, statement timeout. Retry at once, bounded. */
  | 'DATABASE_CONFLICT'
  /** The database refuses for a reason that an operator must mend (disk full, read only, rights). Final. */
  | 'DATABASE_REFUSED'
  /** Another instance does this ingestion. Final; the database is well. */
  | 'ALREADY_RUNNING'
  /** Another member holds the segment by now, or it was planned anew. What is left is planned again. */
  | 'LEASE_LOST'
  /** A member has seen that the order does not hold by which the run is shared. What is left is planned again. */
  | 'ORDER_LEFT'
  /** Only a plan of the whole run tells where a chain of another member goes on. */
  | 'PLAN_WANTED'
  /** More rows in quarantine than `--quarantine-limit` permits. Final. */
  | 'QUARANTINE_LIMIT';

/** An expected failure. Messages say what happened and where, and never carry a secret. */
export interface Fault {
  readonly code: FaultCode;
  readonly message: string;
  readonly retryable: boolean;
  /** HTTP status, when there was one. */
  readonly status?: number;
  /** From Retry-After, as a span from the answer's arrival. */
  readonly retryAfterMs?: number;
  /** Of a refusal of the database: other streams of the source are not concerned. @default they are */
  readonly isOfStream?: boolean;
  /** What the operator does next; printed after the message. */
  readonly remedy?: string;
}

/** What happened, and what to do about it. */
export function faultText({ message, remedy }: Fault): string {
  return remedy ? `${message}. ${remedy}` : message;
}

/** Whether an API may say by it that nothing is at the place that it was asked for. */
export function refusesPlace({ code, status = 0 }: Fault): boolean {
  const isFinal = code === 'UNEXPECTED_STATUS' || code === 'CONTRACT';
  return isFinal && status >= 400 && status < 500;
}

/** The one error class of the program, thrown only at its edges to carry a fault to the exit code. */
export class IngestionError extends Error {
  readonly fault: Fault;

  constructor(fault: Fault, options?: ErrorOptions) {
    super(faultText(fault), options);
    this.name = 'IngestionError';
    this.fault = fault;
  }
}

/** Closes an exhaustive switch: reaching it is a bug. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
