/**
 * A growing row of bytes with the few writes that events need, each a plain loop over a typed array.
 */
import { mix32 } from './hash.js';
import { uuidWords } from './uuid.js';

const MS_PER_MINUTE = 60_000;
const QUOTE = 0x22;
const DASH = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const LETTER_Z = 0x5a;
const HEX_DIGITS = new Uint8Array(Buffer.from('0123456789abcdef', 'latin1'));
const BASE36_DIGITS = new Uint8Array(Buffer.from('0123456789abcdefghijklmnopqrstuvwxyz', 'latin1'));

export class RowBytes {
  #bytes = new Uint8Array(0);
  #at = 0;
  readonly #uuid = new Uint32Array(4);
  #minute = Number.NaN;
  #minuteText = new Uint8Array(0);

  get length(): number {
    return this.#at;
  }

  /** Starts anew with room for at least `bytesMax`. */
  clear(bytesMax: number): void {
    if (this.#bytes.length < bytesMax) this.#bytes = new Uint8Array(bytesMax);
    this.#at = 0;
  }

  /** What has been written, valid until the next `clear`. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  /** Takes back what was written since `start`. @returns it as text, one character a byte */
  cutFrom(start: number): string {
    const text = Buffer.from(this.#bytes.subarray(start, this.#at)).toString('latin1');
    this.#at = start;
    return text;
  }

  /** @param text one character a byte */
  putText(text: string): void {
    this.put(Buffer.from(text, 'latin1'));
  }

  putByte(byte: number): void {
    this.#bytes[this.#at++] = byte;
  }

  put(fragment: Uint8Array): void {
    const bytes = this.#bytes;
    const at = this.#at;
    const length = fragment.length;
    for (let index = 0; index < length; index++) bytes[at + index] = fragment[index] as number;
    this.#at = at + length;
  }

  putUuid(seedWord: number, index: number): void {
    const words = this.#uuid;
    uuidWords(seedWord, index, words);
    this.#putHex8(words[0] as number);
    this.putByte(DASH);
    this.#putHex4((words[1] as number) >>> 16);
    this.putByte(DASH);
    this.#putHex4((words[1] as number) & 0xffff);
    this.putByte(DASH);
    this.#putHex4((words[2] as number) >>> 16);
    this.putByte(DASH);
    this.#putHex4((words[2] as number) & 0xffff);
    this.#putHex8(words[3] as number);
  }

  /** Six characters of [0-9a-z]. */
  putBase36(draw: number): void {
    let rest = mix32(draw);
    for (let digit = 0; digit < 6; digit++) {
      this.#bytes[this.#at++] = BASE36_DIGITS[rest % 36] as number;
      rest = Math.floor(rest / 36);
    }
  }

  /** A number of 13 digits: epoch ms of our days. */
  putDigits(value: number): void {
    const high = Math.floor(value / 10_000_000);
    this.#putPadded(high, 6);
    this.#putPadded(value - high * 10_000_000, 7);
  }

  /** ISO 8601 UTC with milliseconds, in quotes. Neighbours share their minute, so it is kept. */
  putIsoTime(ms: number): void {
    const minute = Math.floor(ms / MS_PER_MINUTE);
    if (minute !== this.#minute) {
      this.#minute = minute;
      const text = `"${new Date(minute * MS_PER_MINUTE).toISOString().slice(0, 17)}`;
      this.#minuteText = new Uint8Array(Buffer.from(text, 'latin1'));
    }
    this.put(this.#minuteText);
    const msOfMinute = ms - minute * MS_PER_MINUTE;
    this.#putPadded(Math.floor(msOfMinute / 1000), 2);
    this.putByte(POINT);
    this.#putPadded(msOfMinute % 1000, 3);
    this.putByte(LETTER_Z);
    this.putByte(QUOTE);
  }

  #putPadded(value: number, digits: number): void {
    let rest = value;
    for (let at = this.#at + digits - 1; at >= this.#at; at--) {
      this.#bytes[at] = ZERO + (rest % 10);
      rest = Math.floor(rest / 10);
    }
    this.#at += digits;
  }

  #putHex8(word: number): void {
    this.#putHex4(word >>> 16);
    this.#putHex4(word & 0xffff);
  }

  #putHex4(value: number): void {
    const bytes = this.#bytes;
    const at = this.#at;
    bytes[at] = HEX_DIGITS[value >>> 12] as number;
    bytes[at + 1] = HEX_DIGITS[(value >>> 8) & 15] as number;
    bytes[at + 2] = HEX_DIGITS[(value >>> 4) & 15] as number;
    bytes[at + 3] = HEX_DIGITS[value & 15] as number;
    this.#at = at + 4;
  }
}
