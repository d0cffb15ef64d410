/**
 * What an answer says of limits in words of the API's own: in headers whose names a source file gives, or in
 * its body, as the cost of the request. The dialects that need no names are limit-dialects.ts.
 */
import { type PathStep, valueAt } from '../paging/json-path.js';
import { readTime } from './header-time.js';
import type { LimitObservation, LimitStatement } from './limit-headers.js';
import { count, limitStatement, positive } from './limit-statement.js';

export type LimitHeaders = CountHeaders | CostHeaders;

/** Lower-case names; null: there is no such header. */
export interface CountHeaders {
  readonly type: 'counts';
  readonly limit: string | null;
  readonly remaining: string | null;
  readonly reset: string | null;
  readonly window: string | null;
  /** How reset and window are to be read. */
  readonly unit: 'ms' | 's';
}

/** Lower-case names of headers that tell of a bucket of points, as `CostPaths` does of a body. */
export interface CostHeaders {
  readonly type: 'cost';
  readonly request: string;
  readonly available: string;
  readonly maximum: string;
}

/** All names that stand in them. */
export function namesOfHeaders(named: readonly LimitHeaders[]): ReadonlySet<string> {
  const names = named.flatMap((headers) =>
    headers.type === 'cost'
      ? [headers.request, headers.available, headers.maximum]
      : [headers.limit, headers.remaining, headers.reset, headers.window],
  );
  return new Set(names.flatMap((name) => name ?? []));
}

/** @param header a header by its lower-case name @param answerMs the server's time, epoch ms */
export function statementsOfHeaders(
  named: readonly LimitHeaders[],
  header: (name: string) => string | null,
  answerMs: number,
): LimitStatement[] {
  return named.flatMap((names) => {
    if (names.type === 'cost') {
      const points = (name: string) => pointsOf(header(name));
      const [cost, available] = [points(names.request), points(names.available)];
      const maximum = points(names.maximum);
      return costStatement({ name: names.available, cost, available, maximum }) ?? [];
    }
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
function withUnit(text: string, unit: CountHeaders['unit']): string {
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

/** @returns null: the body does not tell */
export function statementOfCost(paths: CostPaths, json: unknown): LimitStatement | null {
  const at = (steps: readonly PathStep[]): number | null => {
    const value = valueAt(steps, json);
    return typeof value === 'number' && value >= 0 ? value : null;
  };
  const [cost, available] = [at(paths.request), at(paths.available)];
  return costStatement({ name: 'cost', cost, available, maximum: at(paths.maximum) });
}

/** Of a header; a cost may have a fraction. */
function pointsOf(text: string | null): number | null {
  return text !== null && /^\s*\d+(?:\.\d+)?\s*$/.test(text) ? Number(text) : null;
}

/**
 * A bucket of points as one of requests of this cost. It leaks steadily, and the counts tell how fast.
 *
 * @returns null: too little is told
 */
function costStatement(said: {
  readonly name: string;
  readonly cost: number | null;
  readonly available: number | null;
  readonly maximum: number | null;
}): LimitStatement | null {
  const { name, cost, available, maximum } = said;
  if (cost === null || cost === 0 || available === null || maximum === null) return null;
  return limitStatement({
    name,
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
