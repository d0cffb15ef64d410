/** Uuids between their text (36 characters, either case) and their 16 bytes in network order. */

export const UUID_TEXT_BYTES = 36;
export const UUID_BYTES = 16;

const DASH = 0x2d;
/** Marks a byte that is no hexadecimal digit; above every nibble, so that it survives an OR. */
const NOT_HEX = 0x80;

const NIBBLES = nibbleTable();

/** Offset of each byte's first digit within the text. */
const DIGIT_OFFSETS = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const;

function nibbleTable(): Uint8Array {
  const table = new Uint8Array(256).fill(NOT_HEX);
  for (let value = 0; value < 16; value++) {
    const digit = value.toString(16);
    table[digit.charCodeAt(0)] = value;
    table[digit.toUpperCase().charCodeAt(0)] = value;
  }
  return table;
}

/**
 * Writes the uuid whose text begins at `textAt` in `source` to `target`. False when it is no uuid;
 * `target` then holds nonsense. The caller has checked that 36 bytes are there.
 */
export function writeUuid(
  source: Uint8Array,
  textAt: number,
  target: Uint8Array,
  targetAt: number,
): boolean {
  const dashes =
    source[textAt + 8] === DASH &&
    source[textAt + 13] === DASH &&
    source[textAt + 18] === DASH &&
    source[textAt + 23] === DASH;
  let seen = dashes ? 0 : NOT_HEX;
  for (let index = 0; index < UUID_BYTES; index++) {
    const at = textAt + (DIGIT_OFFSETS[index] as number);
    const high = NIBBLES[source[at] as number] as number;
    const low = NIBBLES[source[at + 1] as number] as number;
    seen |= high | low;
    target[targetAt + index] = (high << 4) | low;
  }
  return seen < NOT_HEX;
}

/** The lower-case text of the uuid at `at`. */
export function uuidText(ids: Uint8Array, at: number): string {
  const hex = Buffer.from(ids.buffer, ids.byteOffset + at, UUID_BYTES).toString('hex');
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
  return `${parts.join('-')}-${hex.slice(20)}`;
}
