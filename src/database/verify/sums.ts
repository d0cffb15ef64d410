/**
 * Sums of rows: how many, their digest, the sum of their instants. They can be added and subtracted,
 * so that what the table holds of a page is the difference of two prefixes, however pages overlap.
 */
import { addRow, emptyDigest, type RowDigest } from '../../core/digest.js';

export interface Sum {
  readonly count: number;
  /** Unsigned 32-bit words of the digest. */
  readonly low: number;
  readonly high: number;
  /** Sum of the instants in ms; exact. */
  readonly ms: bigint;
}

export const ZERO: Sum = { count: 0, low: 0, high: 0, ms: 0n };

/** @param digest as the ledger holds it: both words in one signed number */
export function sumOf(parts: { count: number; digest: bigint; ms: bigint }): Sum {
  const word = BigInt.asUintN(64, parts.digest);
  return {
    count: parts.count,
    low: Number(word & 0xffff_ffffn),
    high: Number(word >> 32n),
    ms: parts.ms,
  };
}

export function plus(a: Sum, b: Sum): Sum {
  return {
    count: a.count + b.count,
    low: (a.low + b.low) >>> 0,
    high: (a.high + b.high) >>> 0,
    ms: a.ms + b.ms,
  };
}

export function minus(a: Sum, b: Sum): Sum {
  return {
    count: a.count - b.count,
    low: (a.low - b.low) >>> 0,
    high: (a.high - b.high) >>> 0,
    ms: a.ms - b.ms,
  };
}

/** Whether the digests agree: then the rows are the same, whatever count and sum say. */
export function hasSameDigest(a: Sum, b: Sum): boolean {
  return a.low === b.low && a.high === b.high;
}

/** The sum of one row; `ms` and `fractionUs` as in `ElementSums.add`. */
export function sumOfRow(ids: Uint8Array, row: number, ms: number, fractionUs = 0): Sum {
  const digest = emptyDigest();
  addRow(digest, ids, row, ms);
  mixFraction(digest, fractionUs);
  return { count: 1, low: digest.low, high: digest.high, ms: BigInt(digest.occurredAtMsSum) };
}

/** Below this a sum of whole numbers is exact; one more instant keeps it below 2^53. */
const CARRY_FROM = 2 ** 52;
/** An odd number, so that no fraction of a millisecond is mixed to nothing. */
const FRACTION_FACTOR = 0x9e3779b1;

/** A running sum for each element. */
export class ElementSums {
  readonly #digests: readonly RowDigest[];
  readonly #carriedMs: bigint[];

  constructor(elementCount: number) {
    this.#digests = Array.from({ length: elementCount }, emptyDigest);
    this.#carriedMs = Array.from({ length: elementCount }, () => 0n);
  }

  /**
   * @param ms not NaN
   * @param fractionUs microseconds beyond `ms`. Nothing that this program writes has any, so a row
   *   with one is another row.
   */
  add(element: number, ids: Uint8Array, row: number, ms: number, fractionUs: number): void {
    const digest = this.#digests[element] as RowDigest;
    addRow(digest, ids, row, ms);
    mixFraction(digest, fractionUs);
    if (Math.abs(digest.occurredAtMsSum) < CARRY_FROM) return;
    this.#carriedMs[element] = (this.#carriedMs[element] ?? 0n) + BigInt(digest.occurredAtMsSum);
    digest.occurredAtMsSum = 0;
  }

  countOf(element: number): number {
    return this.#digests[element]?.count ?? 0;
  }

  /** Sums of all elements before each; one longer than the elements. */
  prefixes(): Sum[] {
    const prefixes = [ZERO];
    let reached = ZERO;
    this.#digests.forEach(({ count, low, high, occurredAtMsSum }, element) => {
      const ms = (this.#carriedMs[element] ?? 0n) + BigInt(occurredAtMsSum);
      reached = plus(reached, { count, low, high, ms });
      prefixes.push(reached);
    });
    return prefixes;
  }
}

function mixFraction(digest: RowDigest, fractionUs: number): void {
  if (fractionUs === 0) return;
  digest.low = (digest.low + Math.imul(fractionUs, FRACTION_FACTOR)) >>> 0;
}
