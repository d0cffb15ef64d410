/**
 * An order-free digest of rows: which ids are there, and at which instant each.
 *
 * Every row is mixed to two 32-bit words; the digest is the sum of all rows, word by word. Sums make
 * it independent of order and mergeable, so that the writer computes it from a page and `verify`
 * from the table. It finds accidents and edits; it is not a cryptographic proof.
 */

/** Running sum of rows. `low` and `high` are unsigned 32-bit words. */
export interface RowDigest {
  count: number;
  low: number;
  high: number;
  /** Sum of the instants in ms; exact, for 2^53 exceeds any page's sum of up to 5,000 rows. */
  occurredAtMsSum: number;
}

export function emptyDigest(): RowDigest {
  return { count: 0, low: 0, high: 0, occurredAtMsSum: 0 };
}

/**
 * Adds one row.
 *
 * @param ids uuids of 16 bytes each, network order
 * @param row 0-based row in `ids`
 * @param occurredAtMs NaN when the row has no timestamp
 */
export function addRow(
  digest: RowDigest,
  ids: Uint8Array,
  row: number,
  occurredAtMs: number,
): void {
  const at = row * 16;
  let low = 0x9e3779b9;
  let high = 0x85ebca6b;
  for (let offset = at; offset < at + 16; offset += 4) {
    const word =
      (ids[offset] as number) |
      ((ids[offset + 1] as number) << 8) |
      ((ids[offset + 2] as number) << 16) |
      ((ids[offset + 3] as number) << 24);
    low = Math.imul(low ^ word, 0xcc9e2d51);
    low ^= low >>> 15;
    high = Math.imul(high ^ word ^ low, 0x1b873593);
    high ^= high >>> 13;
  }
  const isTimed = !Number.isNaN(occurredAtMs);
  const ms = isTimed ? occurredAtMs : -1;
  low = Math.imul(low ^ (ms | 0), 0xc2b2ae35);
  high = Math.imul(high ^ Math.floor(ms / 4294967296), 0x27d4eb2f);
  low ^= low >>> 16;
  high ^= high >>> 16;
  digest.count++;
  digest.low = (digest.low + (low >>> 0)) >>> 0;
  digest.high = (digest.high + ((high ^ low) >>> 0)) >>> 0;
  if (isTimed) digest.occurredAtMsSum += occurredAtMs;
}

/** The two words as one signed 64-bit number: what the ledger's bigint column holds. */
export function digestAsBigint(digest: RowDigest): bigint {
  return BigInt.asIntN(64, (BigInt(digest.high) << 32n) | BigInt(digest.low));
}
