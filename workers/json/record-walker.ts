/**
 * Walks the top level of one record and notes where its key and its instant stand.
 *
 * It vouches for a record only when what it saw is what `JSON.parse` would say; for any other, one
 * with escapes in a key for instance, it answers `UNSURE`. Of a field that occurs twice the last
 * one counts, as there.
 */
import { JsonWalker, NOT_FOUND, quoteAt } from './json-walker.js';

/** Names of the two top-level fields that make a row. */
export interface RecordFields {
  readonly idField: string;
  readonly timestampField: string;
}

export const UNSURE = -2;

// The module's own, as in json-walker.ts.
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const BRACE_BIT = 0x20;

/** First bytes of a number, `true`, `false` and `null`. */
const SCALAR_STARTS = startTable('-0123456789tfn');

export class RecordWalker extends JsonWalker {
  /** The value of the key field, quotes included; `NOT_FOUND` when the record has none. */
  idStart = NOT_FOUND;
  idEnd = NOT_FOUND;
  /** The value of the timestamp field, quotes included. */
  timestampStart = NOT_FOUND;
  timestampEnd = NOT_FOUND;
  readonly #idName: Buffer;
  readonly #timestampName: Buffer;

  constructor(body: Buffer, fields: RecordFields) {
    super(body);
    this.#idName = Buffer.from(fields.idField);
    this.#timestampName = Buffer.from(fields.timestampField);
  }

  /**
   * Walks the object whose `{` is at `start`. @returns one past its `}`, or `UNSURE`.
   *
   * Written out in one piece with local variables: as calls to small methods it took three times
   * as long.
   */
  walkRecord(start: number): number {
    const { body, words, lastQuote } = this;
    const idName = this.#idName;
    const idLength = idName.length;
    const timestampName = this.#timestampName;
    const timestampLength = timestampName.length;
    let backslash = this.nextBackslash;
    this.idStart = NOT_FOUND;
    this.timestampStart = NOT_FOUND;
    let at = start + 1;
    if ((body[at] as number) <= SPACE) at = this.skipSpace(at);
    if (body[at] === CLOSE_BRACE) return at + 1;
    for (;;) {
      if (body[at] !== QUOTE || at >= lastQuote) return UNSURE;
      const keyStart = at + 1;
      const keyEnd = quoteAt(body, words, keyStart);
      if (keyEnd > backslash) return UNSURE;
      at = keyEnd + 1;
      if ((body[at] as number) <= SPACE) at = this.skipSpace(at);
      if (body[at] !== COLON) return UNSURE;
      at++;
      let byte = body[at] as number;
      if (byte <= SPACE) {
        at = this.skipSpace(at);
        byte = body[at] as number;
      }
      const valueStart = at;
      if (byte === QUOTE) {
        if (at >= lastQuote) return UNSURE;
        at = quoteAt(body, words, at + 1);
        if (at > backslash) {
          at = this.stringEnd(valueStart + 1);
          if (at === NOT_FOUND) return UNSURE;
          backslash = this.nextBackslash;
        }
        at++;
      } else if (SCALAR_STARTS[byte] === 1) {
        at = this.scalarEnd(at);
      } else {
        if ((byte | BRACE_BIT) !== OPEN_BRACE) return UNSURE;
        at = this.nestedEnd(at);
        if (at === NOT_FOUND) return UNSURE;
        backslash = this.nextBackslash;
      }
      const keyLength = keyEnd - keyStart;
      if (keyLength === idLength && isAt(body, keyStart, idName)) {
        this.idStart = valueStart;
        this.idEnd = at;
      } else if (keyLength === timestampLength && isAt(body, keyStart, timestampName)) {
        this.timestampStart = valueStart;
        this.timestampEnd = at;
      }
      if ((body[at] as number) <= SPACE) at = this.skipSpace(at);
      byte = body[at] as number;
      if (byte === CLOSE_BRACE) return at + 1;
      if (byte !== COMMA) return UNSURE;
      at++;
      if ((body[at] as number) <= SPACE) at = this.skipSpace(at);
    }
  }
}

/** Whether `name` stands at `at`. */
function isAt(body: Uint8Array, at: number, name: Uint8Array): boolean {
  for (let index = 0; index < name.length; index++) {
    if (body[at + index] !== name[index]) return false;
  }
  return true;
}

function startTable(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const character of characters) table[character.charCodeAt(0)] = 1;
  return table;
}
