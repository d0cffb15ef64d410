/** The limits that a source file declares for a stream, as the limiter takes them. */
import { type LimitLog, longestStarts, NO_LIMITS, type SavedLimit } from '../core/limit-log.js';
import type { LimitPolicy } from '../core/token-bucket.js';
import type { DeclaredLimit } from '../source/plan.js';
import type { OpenSource } from './open-source.js';

/** Those that the requests of an open stream need a token of. */
export function limitsOfStream({
  spec,
  limits,
  origin,
  basePath,
}: Pick<OpenSource, 'spec' | 'limits' | 'origin' | 'basePath'>): readonly DeclaredLimit[] {
  if (limits.length === 0) return limits;
  const { method, url } = spec.request(`${origin}${basePath}`, null, spec.pageLimitMax);
  const { pathname } = new URL(url);
  // A file names paths below its base URL.
  const path = isWithin(pathname, basePath) ? pathname.slice(basePath.length) : pathname;
  return limitsOfRequest(limits, { method, path });
}

/** Those that a request with this method and path needs a token of. */
export function limitsOfRequest(
  limits: readonly DeclaredLimit[],
  request: { readonly method: string; readonly path: string },
): readonly DeclaredLimit[] {
  return limits.filter(
    ({ method, path }) =>
      (method === null || method.toUpperCase() === request.method) &&
      (path === null || isWithin(request.path, path)),
  );
}

/** Requests in flight at most; null: no limit is declared for that. */
export function declaredConcurrency(limits: readonly DeclaredLimit[]): number | null {
  const counts = limits.flatMap(({ concurrency }) => concurrency ?? []);
  return counts.length === 0 ? null : Math.min(...counts);
}

/**
 * What is saved of the limits, with those that are declared: a file that has changed since has the last word,
 * and the starts of a new limit are those of the limit that has kept the most.
 */
export function withDeclared(
  saved: LimitLog | null,
  limits: readonly DeclaredLimit[],
): LimitLog | null {
  const declared = limits.flatMap((limit): { name: string; policy: LimitPolicy }[] => {
    const { quota, windowMs } = limit;
    return quota === null || windowMs === null
      ? []
      : [{ name: nameOf(limit), policy: { quota, windowMs } }];
  });
  const log = saved ?? NO_LIMITS;
  const known = log.limits.filter(({ name }) => !name.startsWith(PREFIX));
  if (declared.length === 0) return saved === null ? null : { ...log, limits: known };
  const starts = longestStarts(log);
  const added = declared.map(({ name, policy }): SavedLimit => {
    const before = log.limits.find((limit) => limit.name === name);
    const startsMs = before?.startsMs ?? starts;
    return { name, policy, isLeaky: false, from: 'announced', startsMs };
  });
  return { ...log, limits: [...known, ...added], isLearned: true };
}

const PREFIX = 'declared ';

/** As the limiter calls it. */
export function nameOf({ method, path, quota, windowMs }: DeclaredLimit): string {
  const where = [method, path].filter((part) => part !== null).join(' ');
  return `${PREFIX}${where === '' ? '' : `${where} `}${quota} in ${windowMs} ms`;
}

/** `/search` is the prefix of `/search/issues`, not of `/searches`. */
function isWithin(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);
}
