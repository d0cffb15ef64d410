/**
 * Does the table hold what a page of the ledger claims? Pure arithmetic on sums.
 *
 * A page without order names all its rows, which are then looked for one by one, and its interval
 * means nothing. Elsewhere, rows that the ledger names by id (strays) are left out of the sums of their element. Where such a
 * row lies in a page's interval, the page itself may have had it too (the API served it again) or
 * not (the API served it out of place): both are tried.
 */
import type { Breakpoints } from './breakpoints.js';
import type { Strays } from './strays.js';
import { hasSameDigest, minus, plus, type Sum, sumOfRow, ZERO } from './sums.js';
import type { VerifiedPage } from './verify-types.js';

/** The table, as seen at the breakpoints of the ledger. */
export interface TableView {
  readonly breakpoints: Breakpoints;
  /** Of the rows that are no strays, before each element. */
  readonly prefixes: readonly Sum[];
  readonly strays: Strays;
  /** Those that have an instant and were seen, each row once, by element. */
  readonly straysIn: ReadonlyMap<number, readonly number[]>;
  /** The sum of those that a page names within its own interval, by index of the page. */
  readonly namedWithin: ReadonlyMap<number, Sum>;
  /** Rows without a timestamp that no page names, and some of their ids. */
  readonly unnamedUntimed: { readonly count: number; readonly ids: readonly string[] };
}

/** `held`: what the table has; `count`: how many rows too few or too many. */
export type BrokenClaim =
  | { readonly type: 'missing'; readonly count: number; readonly held: Sum }
  | { readonly type: 'surplus'; readonly count: number; readonly held: Sum }
  | { readonly type: 'changed'; readonly held: Sum };

export type Claim =
  | BrokenClaim
  | { readonly type: 'proven' }
  /** The same rows by their digest, but count or sum of the ledger say otherwise. */
  | { readonly type: 'misstated'; readonly held: Sum };

/** As many strays in one page are tried in every combination. */
const COMBINED_STRAYS_MAX = 14;

/** What the elements [from, to) hold. */
export function heldBetween(view: TableView, from: number, to: number): Sum {
  return minus(view.prefixes[to] ?? ZERO, view.prefixes[from] ?? ZERO);
}

/** @param pageIndex of the page among all */
export function checkClaim(view: TableView, page: VerifiedPage, pageIndex: number): Claim {
  const named = view.namedWithin.get(pageIndex);
  if (named !== undefined) {
    return isSame(named, page.timed) ? { type: 'proven' } : { type: 'misstated', held: named };
  }
  const { from, to } = view.breakpoints.range(page.after, page.through);
  const plain = heldBetween(view, from, to);
  const strays = straySums(view, from, to);
  const withStrays = strays.reduce(plus, plain);
  const held = findSame(page.timed, plain, strays);
  if (held !== null) {
    return isSame(held, page.timed) ? { type: 'proven' } : { type: 'misstated', held };
  }
  const missing = page.timed.count - withStrays.count;
  if (missing > 0) return { type: 'missing', count: missing, held: withStrays };
  const surplus = plain.count - page.timed.count;
  if (surplus > 0) return { type: 'surplus', count: surplus, held: plain };
  return { type: 'changed', held: withStrays };
}

function isSame(held: Sum, claimed: Sum): boolean {
  return hasSameDigest(held, claimed) && held.count === claimed.count && isSameMs(held, claimed);
}

/** The strays that were seen in the elements [from, to), each row once. */
export function straySums({ strays, straysIn }: TableView, from: number, to: number): Sum[] {
  return [...straysIn]
    .filter(([element]) => element >= from && element < to)
    .flatMap(([, seen]) => seen)
    .map((stray) => {
      const { id, ms } = strays.at(stray);
      return sumOfRow(id, 0, ms);
    });
}

/** `plain` with all, none or some of the strays, whichever has the digest that is claimed. */
function findSame(claimed: Sum, plain: Sum, strays: readonly Sum[]): Sum | null {
  const withAll = strays.reduce(plus, plain);
  if (hasSameDigest(withAll, claimed)) return withAll;
  if (hasSameDigest(plain, claimed)) return plain;
  if (strays.length > COMBINED_STRAYS_MAX) return null;
  for (let chosen = 1; chosen < 2 ** strays.length - 1; chosen++) {
    const held = strays.filter((_, bit) => (chosen >> bit) & 1).reduce(plus, plain);
    if (hasSameDigest(held, claimed)) return held;
  }
  return null;
}

/**
 * The writer adds instants as doubles. A page's sum is exact below 2^53 (some 5,000 rows of today);
 * above, each addition may be off by half the distance of two doubles.
 */
function isSameMs(held: Sum, claimed: Sum): boolean {
  const distance = held.ms > claimed.ms ? held.ms - claimed.ms : claimed.ms - held.ms;
  if (distance === 0n) return true;
  const magnitude = held.ms < 0n ? -held.ms : held.ms;
  return distance <= (magnitude >> 53n) * BigInt(held.count);
}
