/**
 * UUIDs v4 computed from an index and back.
 *
 * The first 32 bits are a bijection of the index, so ids are distinct and the index is found again
 * without a table; the other bits are hashes of the first.
 */
import { mix32, unmix32 } from './hash.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** All 65,536 groups of four hex digits: eight look-ups make a uuid. */
const HEX4 = Array.from({ length: 65_536 }, (_, value) => value.toString(16).padStart(4, '0'));

/** Writes the four words of the uuid of `index`, most significant first. */
export function uuidWords(seedWord: number, index: number, words: Uint32Array): void {
  const first = mix32(index ^ seedWord);
  words[0] = first;
  words[1] = (mix32(first ^ seedWord ^ 0x51ed270b) & 0xffff0fff) | 0x4000;
  words[2] = (mix32(first ^ seedWord ^ 0x2545f491) & 0x3fffffff) | 0x80000000;
  words[3] = mix32(first ^ seedWord ^ 0x6c078965);
}

const scratch = new Uint32Array(4);

/** The uuid of `index` as lower-case text. */
export function uuidText(seedWord: number, index: number): string {
  uuidWords(seedWord, index, scratch);
  const [a, b, c, d] = scratch as unknown as readonly [number, number, number, number];
  return `${hex(a >>> 16)}${hex(a)}-${hex(b >>> 16)}-${hex(b)}-${hex(c >>> 16)}-${hex(c)}${hex(d >>> 16)}${hex(d)}`;
}

function hex(value: number): string {
  return HEX4[value & 0xffff] as string;
}

/** Writes the uuid of `index` as 16 bytes in network order at `row * 16`. */
export function writeUuid(
  bytes: Uint8Array,
  row: number,
  { seedWord, index }: { readonly seedWord: number; readonly index: number },
): void {
  uuidWords(seedWord, index, scratch);
  let at = row * 16;
  for (const word of scratch) {
    bytes[at++] = word >>> 24;
    bytes[at++] = word >>> 16;
    bytes[at++] = word >>> 8;
    bytes[at++] = word;
  }
}

/** The index whose uuid this is; null when no index has it. */
export function uuidIndex(seedWord: number, id: string): number | null {
  if (!UUID.test(id)) return null;
  const index = (unmix32(Number.parseInt(id.slice(0, 8), 16)) ^ seedWord) >>> 0;
  return uuidText(seedWord, index) === id ? index : null;
}
