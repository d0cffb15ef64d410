/**
 * The records of a page that go to quarantine, as arrays in PostgreSQL's binary form.
 *
 * A record is copied from the body as it came. Where text cannot hold it, because it is no UTF-8 or
 * holds a zero byte, `raw_text` has it in base64 behind a mark, and the reason says so.
 */
import { isUtf8 } from 'node:buffer';
import { NUMBERS_PER_REJECT, type Rejects, rejectAt } from '../../src/protocol/batch.js';
import { BASE64_MARK, BASE64_NOTE } from '../../src/protocol/quarantined-record.js';
import { writeArray } from './row-encoding.js';
import type { Parameter, WireBuffer } from './wire-buffer.js';

const INTEGER_OID = 23;
const TEXT_OID = 25;

/** `rejects` and, behind them, records that PostgreSQL refused, each for a reason of its own. */
export function withRefused(
  rejects: Rejects,
  refused: readonly { index: number; start: number; end: number; reason: string }[],
): Rejects {
  if (refused.length === 0) return rejects;
  const known = rejects.count * NUMBERS_PER_REJECT;
  const places = new Uint32Array(known + refused.length * NUMBERS_PER_REJECT);
  places.set(rejects.places.subarray(0, known));
  const reasons = [...rejects.reasons];
  refused.forEach(({ index, start, end, reason }, nth) => {
    places.set([index, start, end, reasons.length], known + nth * NUMBERS_PER_REJECT);
    reasons.push(reason);
  });
  return { count: rejects.count + refused.length, places, reasons };
}

/** Four parameters: places in the page, numbers of reasons from 1, raw texts, and the reasons. */
export function quarantineParameters(body: Uint8Array, rejects: Rejects): Parameter[] {
  const { count, places, reasons } = rejects;
  // Nearly always text can hold the whole page.
  const isPlain = count === 0 || isText(body);
  const isBinary = (nth: number): boolean => {
    if (isPlain) return false;
    const { start, end } = rejectAt(rejects, nth);
    return !isText(body.subarray(start, end));
  };
  // Behind the reasons the same ones with the note.
  const sentences = [...reasons, ...(isPlain ? [] : reasons.map((one) => one + BASE64_NOTE))];
  return [
    (wire) => writeIntegers(wire, count, (nth) => places[nth * NUMBERS_PER_REJECT] as number),
    (wire) =>
      writeIntegers(wire, count, (nth) => {
        const { reasonNumber } = rejectAt(rejects, nth);
        return 1 + reasonNumber + (isBinary(nth) ? reasons.length : 0);
      }),
    (wire) =>
      writeTexts(wire, count, (nth) => {
        const { start, end } = rejectAt(rejects, nth);
        const record = body.subarray(start, end);
        return isBinary(nth) ? inBase64(record) : record;
      }),
    textsParameter(sentences),
  ];
}

/** As the parameter of an array. */
export function integersParameter(numbers: readonly number[]): Parameter {
  return (wire) => writeIntegers(wire, numbers.length, (nth) => numbers[nth] as number);
}

/** As the parameter of an array, in the form that PostgreSQL can store. */
export function textsParameter(texts: readonly string[]): Parameter {
  return (wire) =>
    writeTexts(wire, texts.length, (nth) => Buffer.from(storableText(texts[nth] as string)));
}

/**
 * Text as PostgreSQL can store it: U+0000 as the six characters \u0000, and half a surrogate pair
 * as U+FFFD.
 */
export function storableText(text: string): string {
  return Buffer.from(text.replaceAll('\0', '\\u0000')).toString();
}

function isText(bytes: Uint8Array): boolean {
  return isUtf8(bytes) && !bytes.includes(0);
}

function inBase64(record: Uint8Array): Uint8Array {
  const { buffer, byteOffset, byteLength } = record;
  const text = Buffer.from(buffer, byteOffset, byteLength).toString('base64');
  return Buffer.from(BASE64_MARK + text, 'latin1');
}

function writeIntegers(wire: WireBuffer, count: number, numberAt: (nth: number) => number): void {
  wire.reserve(count * 8);
  writeArray(wire, INTEGER_OID, count, (nth) => {
    wire.int32(4);
    wire.int32(numberAt(nth));
  });
}

function writeTexts(wire: WireBuffer, count: number, bytesOf: (nth: number) => Uint8Array): void {
  writeArray(wire, TEXT_OID, count, (nth) => {
    const bytes = bytesOf(nth);
    wire.int32(bytes.length);
    wire.reserve(bytes.length);
    wire.bytes.set(bytes, wire.length);
    wire.length += bytes.length;
  });
}
