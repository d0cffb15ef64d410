/**
 * What an answer says of limits in words of the API's own: in headers whose names a source file gives, or in
 * its body, as the cost of the request. The dialects that need no names are limit-dialects.ts.
 */
import { type PathStep, valueAt } from '../paging/json-path.js';
import { readTime } from './header-time.js';
import type { LimitObservation, LimitStatement } from './limit-headers.js';
import { count, limitStatement, positive } from './limit-statement.js';

/** Lower-case names; null: there is no such header. */
export interface LimitHeaders {
  readonly limit: string | null;
  readonly remaining: string | null;
  readonly reset: string | null;
  readonly window: string | null;
  /** How reset and window are to be read. */
  readonly unit: 'ms' | 's';
}

/** @param header a header by its lower-case name @param answerMs the server's time, epoch ms */
export function statementsOfHeaders(
  named: readonly LimitHeaders[],
  header: (name: string) => string | null,
  answerMs: number,
): LimitStatement[] {
  return named.flatMap((names) => {
    const told = (name: string | null): string | null => (name === null ? null : header(name));
    const quota = positive(told(names.limit) ?? undefined);
    const remaining = count(told(names.remaining) ?? undefined);
    if (quota === null && remaining === null) return [];
    const reset = told(names.reset);
    const window = positive(told(names.window) ?? undefined);
    const windowUnitMs = names.unit === 'ms' ? 1 : 1000;
    return [
      limitStatement({
        name: names.limit ?? names.remaining ?? '',
        ...{ quota, remaining, windowUnitMs },
        windowMs: window === null ? null : window * windowUnitMs,
        reset: reset === null ? null : readTime(withUnit(reset, names.unit), answerMs),
      }),
    ];
  });
}

/** A span in the unit that the file says; an instant is told by its magnitude. */
function withUnit(text: string, unit: LimitHeaders['unit']): string {
  const isSpan = /^\s*\d+(?:\.\d+)?\s*$/.test(text) && Number(text) < 1e9;
  return isSpan ? `${Number(text)}${unit}` : text;
}

/** Where the body tells of a bucket of points, from which each request takes as many as it costs. */
export interface CostPaths {
  /** To the cost of the request. */
  readonly request: readonly PathStep[];
  readonly available: readonly PathStep[];
  readonly maximum: readonly PathStep[];
}

/**
 * A bucket of points as one of requests of this cost. It leaks steadily, and the counts tell how fast.
 *
 * @returns null: the body does not tell
 */
export function statementOfCost(paths: CostPaths, json: unknown): LimitStatement | null {
  const at = (steps: readonly PathStep[]): number | null => {
    const value = valueAt(steps, json);
    return typeof value === 'number' && value >= 0 ? value : null;
  };
  const cost = at(paths.request);
  const available = at(paths.available);
  const maximum = at(paths.maximum);
  if (cost === null || cost === 0 || available === null || maximum === null) return null;
  return limitStatement({
    name: 'cost',
    quota: Math.max(1, Math.floor(maximum / cost)),
    remaining: Math.floor(available / cost),
    isLeaky: true,
  });
}

/** The observation with more statements. */
export function withStatements(
  observed: LimitObservation | null,
  statements: readonly LimitStatement[],
): LimitObservation | null {
  if (statements.length === 0) return observed;
  const { limits = [], retryAfter = null } = observed ?? {};
  return { limits: [...limits, ...statements], retryAfter };
}
