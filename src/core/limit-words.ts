/** What a reader of the log is told of limits. */
import type { LimitPolicy } from './token-bucket.js';

/** Two descriptions that differ by less are one. */
const CHANGE_SHARE = 0.03;

/** A limit as it is known now. */
export interface DescribedLimit {
  readonly name: string;
  readonly kind: string;
  readonly policy: LimitPolicy;
}

/**
 * @param before as it was known until now; null: it was not
 * @returns null where whole seconds alone make the difference
 */
export function changeSentence(
  { name, kind, policy }: DescribedLimit,
  before: LimitPolicy | null,
  reason: string,
): string | null {
  if (before !== null && isAbout(before, policy)) return null;
  const permits = `the API permits ${policy.quota} requests in ${secondsOf(policy.windowMs)} s`;
  const other =
    before === null ? '' : `, not ${before.quota} in ${secondsOf(before.windowMs)} s: ${reason}`;
  return `${permits}${other} (${name}, a ${kind})`;
}

export function paceSentence(intervalMs: number, reason: string): string {
  const perSecond = (1000 / intervalMs).toPrecision(3);
  return `no answer names a limit: paced at ${perSecond} requests/s, for ${reason}`;
}

/** Whether two policies are one, but for what whole seconds leave open. */
function isAbout(one: LimitPolicy, other: LimitPolicy): boolean {
  const apartMs = Math.abs(one.windowMs - other.windowMs);
  return one.quota === other.quota && apartMs <= CHANGE_SHARE * other.windowMs;
}

function secondsOf(ms: number): string {
  return String(Math.round(ms / 10) / 100);
}
