/**
 * What becomes of an alert that was posted: taken, tried again, or lost. Pure.
 *
 * Tried again: what says nothing (a network fault, a late answer), 5xx, 408, 425 and 429, as long as
 * the alert is worth telling. Any other answer would be the same again.
 */

/** The answer to one attempt; `fault`: none came, and why. */
export type Answer =
  | { readonly type: 'answered'; readonly status: number; readonly retryAfterMs: number | null }
  | { readonly type: 'fault'; readonly code: string };

export type Delivery =
  | { readonly type: 'taken' }
  | {
      readonly type: 'again';
      readonly delayMs: number;
      /** The receiver asked for the wait: it is not cut short. */
      readonly isAsked: boolean;
      readonly reason: string;
    }
  | { readonly type: 'lost'; readonly reason: string };

const BASE_DELAY_MS = 1_000;
const MAX_DELAY_MS = 60_000;
/** At the end of a process there is no time for more. */
const LAST_MAX_DELAY_MS = 2_000;
const REMEDY = 'Check ALERT_WEBHOOK_URL, ALERT_FORMAT and PAGERDUTY_ROUTING_KEY';
const RETRIED_STATUSES = new Set([408, 425, 429]);

/**
 * @param known.attempts so far, this one included
 * @param known.leftMs until the alert is given up
 * @param known.isLast the process ends
 * @param known.random uniform in [0, 1)
 */
export function judgeAnswer(
  answer: Answer,
  known: {
    readonly attempts: number;
    readonly leftMs: number;
    readonly isLast: boolean;
    readonly random: number;
  },
): Delivery {
  const reason = answer.type === 'fault' ? answer.code : `HTTP ${answer.status}`;
  if (answer.type === 'answered') {
    const { status } = answer;
    if (status >= 200 && status < 300) return { type: 'taken' };
    if (status < 500 && !RETRIED_STATUSES.has(status)) {
      return { type: 'lost', reason: `${reason}. ${REMEDY}` };
    }
  }
  const maxMs = known.isLast ? LAST_MAX_DELAY_MS : MAX_DELAY_MS;
  const ceilingMs = Math.min(maxMs, BASE_DELAY_MS * 2 ** (known.attempts - 1));
  const ownMs = ceilingMs * (0.5 + known.random / 2);
  const wantedMs = answer.type === 'answered' ? (answer.retryAfterMs ?? 0) : 0;
  const delayMs = Math.max(ownMs, wantedMs);
  if (delayMs >= known.leftMs) return { type: 'lost', reason };
  return { type: 'again', delayMs, isAsked: wantedMs > 0, reason };
}
