/**
 * Steps over JSON in bytes without building values.
 *
 * It knows strings, escapes and brackets, and nothing else of the grammar: it finds where a value
 * ends, not whether it is valid. All offsets are bytes from the start of the body. `NOT_FOUND`
 * means that the bytes ran out first.
 *
 * Speed comes from two facts that are looked up once with `indexOf`, which runs at memory speed:
 * where the next backslash is (up to there a quote always ends a string, so a string is a search
 * for one byte), and where the last quote is (up to there that search needs no bound). The search
 * itself looks at four bytes at a time.
 */

export const NOT_FOUND = -1;

// Not shared with the other modules of this folder on purpose: V8 folds a module's own constants
// into the loops, but reads an imported one from memory each time, which cost a quarter of the scan.
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const SPACE = 0x20;
/** Bit that tells `{` from `[` and `}` from `]`; setting it maps both to the brace. */
const BRACE_BIT = 0x20;
const QUOTE_WORD = 0x22222222;
const LOWER_U = 0x75;
const ZERO = 0x30;

export class JsonWalker {
  readonly body: Buffer;
  /** `body` as words, the last one filled up with what follows it; for looking at four bytes at a time. */
  readonly words: Int32Array;
  readonly lastQuote: number;
  /** The first backslash that was not walked over yet; `body.length` when there is none. */
  nextBackslash: number;
  /** From here to `nextBackslash` there is none. */
  #noBackslashFrom = 0;
  /** Where the last `\u0000` escape that was walked over began. */
  lastNulEscape = NOT_FOUND;

  /** @param body exactly the bytes to walk over; copied when its buffer gives no whole words. */
  constructor(body: Buffer) {
    const aligned = withWholeWords(body);
    this.body = aligned;
    const wordCount = (aligned.length + 3) >> 2;
    this.words = new Int32Array(aligned.buffer, aligned.byteOffset, wordCount);
    this.lastQuote = aligned.lastIndexOf(QUOTE);
    this.nextBackslash = indexOrEnd(aligned, 0);
  }

  /**
   * Makes ready to walk again from `at`, which may lie before what was walked over.
   *
   * Looks only at bytes between `at` and what is known: called for each record, a search to the next
   * backslash would read the whole page as often.
   */
  rewind(at: number): void {
    this.lastNulEscape = NOT_FOUND;
    if (at > this.nextBackslash) return this.#findBackslash(at);
    if (at >= this.#noBackslashFrom) return;
    const found = this.body.subarray(at, this.#noBackslashFrom).indexOf(BACKSLASH);
    if (found !== -1) this.nextBackslash = at + found;
    this.#noBackslashFrom = at;
  }

  /** The first byte at or after `at` that is not white space; `body.length` at the end. */
  skipSpace(at: number): number {
    const body = this.body;
    const end = body.length;
    while (at < end && isSpace(body[at] as number)) at++;
    return at;
  }

  /** The closing quote of the string whose first byte, after its opening quote, is at `from`. */
  stringEnd(from: number): number {
    if (from > this.lastQuote) return NOT_FOUND;
    const at = quoteAt(this.body, this.words, from);
    return at < this.nextBackslash ? at : this.#escapedStringEnd(from);
  }

  #escapedStringEnd(from: number): number {
    const body = this.body;
    const end = body.length;
    for (let at = from; at < end; at++) {
      const byte = body[at];
      if (byte === QUOTE) {
        // Also leaves behind a backslash outside any string, which only bad JSON has.
        if (at > this.nextBackslash) this.#findBackslash(at);
        return at;
      }
      if (byte === BACKSLASH) {
        if (isNulEscape(body, at)) this.lastNulEscape = at;
        at++;
      }
    }
    return NOT_FOUND;
  }

  #findBackslash(from: number): void {
    this.#noBackslashFrom = from;
    this.nextBackslash = indexOrEnd(this.body, from);
  }

  /** One past the bracket that closes the object or array at `at`; not looked for beyond `end`. */
  nestedEnd(at: number, end = this.body.length): number {
    const { body, words, lastQuote } = this;
    let depth = 0;
    while (at < end) {
      const byte = body[at++] as number;
      if (byte === QUOTE) {
        if (at > lastQuote) return NOT_FOUND;
        let quote = quoteAt(body, words, at);
        if (quote > this.nextBackslash) quote = this.#escapedStringEnd(at);
        if (quote === NOT_FOUND) return NOT_FOUND;
        at = quote + 1;
      } else if (byte >= OPEN_BRACKET) {
        if ((byte | BRACE_BIT) === OPEN_BRACE) depth++;
        else if ((byte | BRACE_BIT) === CLOSE_BRACE && --depth === 0) return at;
      }
    }
    return NOT_FOUND;
  }

  /** The first byte after the number or word at `at`. */
  scalarEnd(at: number): number {
    const body = this.body;
    const end = body.length;
    while (at < end && !endsScalar(body[at] as number)) at++;
    return at;
  }

  /** One past the value at `at`, whatever it is. @param limit brackets are not followed beyond it */
  valueEnd(at: number, limit?: number): number {
    const byte = this.body[at];
    if (byte === undefined) return NOT_FOUND;
    if (byte === QUOTE) {
      const quote = this.stringEnd(at + 1);
      return quote === NOT_FOUND ? NOT_FOUND : quote + 1;
    }
    return (byte | BRACE_BIT) === OPEN_BRACE ? this.nestedEnd(at, limit) : this.scalarEnd(at);
  }
}

/**
 * The first quote at or after `at`. There must be one: `at ≤ lastQuote`.
 *
 * A word with a quote turns to one with a zero byte under XOR; `(v - 1…) & ~v & 8…` is not 0 exactly
 * when a byte of `v` is zero.
 */
export function quoteAt(body: Uint8Array, words: Int32Array, at: number): number {
  let word = (at + 3) >> 2;
  const wordStart = word << 2;
  for (; at < wordStart; at++) if (body[at] === QUOTE) return at;
  let value = (words[word] as number) ^ QUOTE_WORD;
  while (((value - 0x01010101) & ~value & 0x80808080) === 0) {
    value = (words[++word] as number) ^ QUOTE_WORD;
  }
  at = word << 2;
  while (body[at] !== QUOTE) at++;
  return at;
}

/** JSON's white space: blank, tab, line feed, carriage return. */
function isSpace(byte: number): boolean {
  return byte === SPACE || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function endsScalar(byte: number): boolean {
  return byte <= SPACE || byte === COMMA || (byte | BRACE_BIT) === CLOSE_BRACE || byte === QUOTE;
}

function withWholeWords(body: Buffer): Buffer {
  const bytesNeeded = (body.length + 3) & ~3;
  const isWhole =
    body.byteOffset % 4 === 0 && body.byteOffset + bytesNeeded <= body.buffer.byteLength;
  if (isWhole) return body;
  const copy = Buffer.from(new ArrayBuffer(bytesNeeded), 0, body.length);
  copy.set(body);
  return copy;
}

function indexOrEnd(body: Buffer, from: number): number {
  const at = body.indexOf(BACKSLASH, from);
  return at === -1 ? body.length : at;
}

function isNulEscape(body: Buffer, at: number): boolean {
  if (body[at + 1] !== LOWER_U) return false;
  return (
    body[at + 2] === ZERO && body[at + 3] === ZERO && body[at + 4] === ZERO && body[at + 5] === ZERO
  );
}
