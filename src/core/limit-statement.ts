/** Statements about limits: built from counts that may be missing or make no sense. */
import type { LimitStatement } from './limit-headers.js';
import type { BareItem } from './structured-fields.js';

/** A statement that says no more than it is given. */
export function limitStatement(
  said: Partial<LimitStatement> & { readonly name: string },
): LimitStatement {
  const { quota = null, remaining = null } = said;
  return {
    reset: null,
    windowMs: null,
    windowUnitMs: 1,
    isLeaky: false,
    ...said,
    ...consistent(quota, remaining),
  };
}

/** More left than there is contradicts itself: the quota stands, the rest is not believed. */
export function consistent(quota: number | null, remaining: number | null) {
  const isBelievable = quota === null || remaining === null || remaining <= quota;
  return { quota, remaining: isBelievable ? remaining : null };
}

/** Where only what remains is said, the quota is at least that and the request that was told. */
export function quotaOf({ quota, remaining }: LimitStatement, known: number): number {
  return quota ?? Math.max(known, (remaining ?? 0) + 1);
}

/** A whole number of requests from 0; fractions are rounded down, for half a request is none. */
export function count(value: BareItem | undefined): number | null {
  const isText = typeof value === 'string' && /^\s*\d+(\.\d+)?\s*$/.test(value);
  const number = isText ? Number(value) : value;
  if (typeof number !== 'number' || !(number >= 0)) return null;
  return number <= Number.MAX_SAFE_INTEGER ? Math.floor(number) : null;
}

export function positive(value: BareItem | undefined): number | null {
  const number = count(value);
  return number === 0 ? null : number;
}
