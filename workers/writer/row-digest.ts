/**
 * The digest of rows as PostgreSQL computes it (src/postgres/row-digest.ts), for pages that are
 * written by COPY: to read their rows back would cost a tenth of PostgreSQL's time.
 *
 *   row = 31 × hash(id) + hash(occurred_at)      in 64 bits; a null hashes to 0
 *   page = row ^ row ^ …
 *
 * Both hashes are Bob Jenkins' lookup3 with 64 bits and without a seed, over words in the byte order of
 * the machine. A server of another order computes another: see `PROBE`.
 *
 * Source: PostgreSQL, src/common/hashfn.c (hash_bytes_extended, hash_bytes_uint32_extended),
 * hashfunc.c (hashint8extended), rowtypes.c (hash_record_extended).
 */
import { microsecondWords, type RowSource } from './row-encoding.js';

/** A row, and its digest by a server of this machine's byte order. */
export const PROBE = {
  sql: `SELECT hash_record_extended(ROW('00010203-0405-4607-8809-0a0b0c0d0e0f'::uuid,
    '2026-01-27T19:20:12.369Z'::timestamptz), 0)`,
  digest: '-6445130699682737122',
} as const;

/** What lookup3 begins with: its constant, and the length of the key in bytes. */
const SEED = 0x9e3779b9 + 3_923_095;
const ID_SEED = (SEED + 16) | 0;
const INTEGER_SEED = (SEED + 4) | 0;
const TWO_32 = 4_294_967_296;

/** Of rows whose key is a uuid: a signed number of 64 bits. */
export function digestOfRows({ columns, rows }: RowSource): bigint {
  const { ids, occurredAtMs } = columns;
  // The ids begin at a multiple of 16 × capacity, so that they can be read as words.
  const words = new Uint32Array(ids.buffer, ids.byteOffset, ids.length >> 2);
  return digestOf(
    rows.length,
    (into, i) => hashId(into, words, (rows[i] as number) * 4),
    (i) => occurredAtMs[rows[i] as number] as number,
  );
}

/** Of rows whose key is a bigint. @param instantsMs NaN: none */
export function digestOfIntegers(keys: BigInt64Array, instantsMs: Float64Array): bigint {
  const words = new Int32Array(keys.buffer, keys.byteOffset, keys.length * 2);
  return digestOf(
    keys.length,
    (into, i) => hashInteger(into, words[i * 2] as number, words[i * 2 + 1] as number),
    (i) => instantsMs[i] as number,
  );
}

function digestOf(
  count: number,
  hashKey: (into: Hash, row: number) => void,
  instantOf: (row: number) => number,
): bigint {
  const hash = { low: 0, high: 0 };
  let low = 0;
  let high = 0;
  for (let i = 0; i < count; i++) {
    hashKey(hash, i);
    let rowLow = hash.low * 31;
    let rowHigh = hash.high * 31;
    const ms = instantOf(i);
    if (!Number.isNaN(ms)) {
      hashInstant(hash, ms);
      rowLow += hash.low;
      rowHigh += hash.high;
    }
    rowHigh += Math.floor(rowLow / TWO_32);
    low ^= (rowLow % TWO_32) | 0;
    high ^= (rowHigh % TWO_32) | 0;
  }
  return BigInt.asIntN(64, (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0));
}

interface Hash {
  low: number;
  high: number;
}

/** Sixteen bytes: three words, a mix, and the fourth. */
function hashId(into: Hash, words: Uint32Array, at: number): void {
  let a = (ID_SEED + (words[at] as number)) | 0;
  let b = (ID_SEED + (words[at + 1] as number)) | 0;
  let c = (ID_SEED + (words[at + 2] as number)) | 0;
  a = (a - c) ^ ((c << 4) | (c >>> 28));
  c = (c + b) | 0;
  b = (b - a) ^ ((a << 6) | (a >>> 26));
  a = (a + c) | 0;
  c = (c - b) ^ ((b << 8) | (b >>> 24));
  b = (b + a) | 0;
  a = (a - c) ^ ((c << 16) | (c >>> 16));
  c = (c + b) | 0;
  b = (b - a) ^ ((a << 19) | (a >>> 13));
  a = (a + c) | 0;
  c = (c - b) ^ ((b << 4) | (b >>> 28));
  b = (b + a) | 0;
  finish(into, (a + (words[at + 3] as number)) | 0, b, c);
}

function hashInstant(into: Hash, ms: number): void {
  const { low, high } = microsecondWords(ms);
  hashInteger(into, low, high);
}

/** The halves of a negative number are folded so that it hashes as a smaller integer would. */
function hashInteger(into: Hash, low: number, high: number): void {
  const isNegative = (high & 0x8000_0000) !== 0;
  const word = low ^ (isNegative ? ~high : high);
  finish(into, (INTEGER_SEED + word) | 0, INTEGER_SEED, INTEGER_SEED);
}

function finish(into: Hash, first: number, second: number, third: number): void {
  let a = first;
  let b = second;
  let c = third;
  c = ((c ^ b) - ((b << 14) | (b >>> 18))) | 0;
  a = ((a ^ c) - ((c << 11) | (c >>> 21))) | 0;
  b = ((b ^ a) - ((a << 25) | (a >>> 7))) | 0;
  c = ((c ^ b) - ((b << 16) | (b >>> 16))) | 0;
  a = ((a ^ c) - ((c << 4) | (c >>> 28))) | 0;
  b = ((b ^ a) - ((a << 14) | (a >>> 18))) | 0;
  c = ((c ^ b) - ((b << 24) | (b >>> 8))) | 0;
  into.high = b >>> 0;
  into.low = c >>> 0;
}
