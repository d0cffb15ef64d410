/**
 * Structured field values (RFC 9651): the lists and dictionaries that limit headers use.
 *
 * Reads what RateLimit and RateLimit-Policy need: strings, tokens, numbers, byte sequences, booleans
 * and dates, each with parameters. Inner lists and display strings are not part of those fields; as
 * the standard asks, a field that does not parse is ignored whole.
 */

/** A bare item. Byte sequences are kept as their base64 text, tokens as text, dates as numbers. */
export type BareItem = string | number | boolean;

/** One member of a list. */
export interface Item {
  readonly value: BareItem;
  readonly parameters: ReadonlyMap<string, BareItem>;
}

/** `"a";q=10;w=60, "b";q=5`. @returns null when the text is not such a list. */
export function parseList(text: string): readonly Item[] | null {
  const scanner = new Scanner(text);
  const items: Item[] = [];
  const isWhole = scanner.members(() => {
    const item = scanner.item();
    if (item !== null) items.push(item);
    return item !== null;
  });
  return isWhole ? items : null;
}

/** `limit=100, remaining=50`. @returns null when the text is not such a dictionary. */
export function parseDictionary(text: string): ReadonlyMap<string, Item> | null {
  const scanner = new Scanner(text);
  const members = new Map<string, Item>();
  const isWhole = scanner.members(() => {
    const key = scanner.take(KEY);
    if (key === null) return false;
    const item =
      scanner.take(EQUALS) === null ? withParameters(true, scanner.parameters()) : scanner.item();
    if (item !== null) members.set(key, item);
    return item !== null;
  });
  return isWhole ? members : null;
}

// All patterns are sticky: they match at the scanner's place or not at all.
const KEY = /[a-z*][a-z0-9_\-.*]*/y;
const EQUALS = /=/y;
const SEMICOLON = /; */y;
const COMMA = /[ \t]*,[ \t]*/y;
const SPACES = / */y;
const STRING = /"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"/y;
const BYTES = /:[A-Za-z0-9+/=]*:/y;
const BOOLEAN = /\?[01]/y;
const DATE = /@-?\d{1,15}/y;
const NUMBER = /-?(?:\d{1,12}\.\d{1,3}|\d{1,15})(?![\d.])/y;
const TOKEN = /[A-Za-z*][A-Za-z0-9!#$%&'*+\-.^_`|~:/]*/y;

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text that `pattern` matches here, and moves past it; null when it does not match. */
  take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return null;
    this.#at = pattern.lastIndex;
    return match[0];
  }

  /** Calls `readMember` for each member; false unless the members use up the text. */
  members(readMember: () => boolean): boolean {
    this.take(SPACES);
    if (this.#isAtEnd()) return true;
    for (;;) {
      if (!readMember()) return false;
      if (this.take(COMMA) === null) break;
    }
    this.take(SPACES);
    return this.#isAtEnd();
  }

  item(): Item | null {
    const value = this.#bareItem();
    return value === null ? null : withParameters(value, this.parameters());
  }

  /** Null when a parameter is malformed. A parameter without a value is true. */
  parameters(): Map<string, BareItem> | null {
    const parameters = new Map<string, BareItem>();
    while (this.take(SEMICOLON) !== null) {
      const key = this.take(KEY);
      if (key === null) return null;
      const value = this.take(EQUALS) === null ? true : this.#bareItem();
      if (value === null) return null;
      parameters.set(key, value);
    }
    return parameters;
  }

  #bareItem(): BareItem | null {
    const quoted = this.take(STRING);
    if (quoted !== null) return quoted.slice(1, -1).replaceAll(/\\(.)/g, '$1');
    const number = this.take(NUMBER);
    if (number !== null) return Number(number);
    const date = this.take(DATE);
    if (date !== null) return Number(date.slice(1));
    const bytes = this.take(BYTES);
    if (bytes !== null) return bytes.slice(1, -1);
    const flag = this.take(BOOLEAN);
    if (flag !== null) return flag === '?1';
    return this.take(TOKEN);
  }

  #isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }
}

function withParameters(value: BareItem, parameters: Map<string, BareItem> | null): Item | null {
  return parameters === null ? null : { value, parameters };
}
