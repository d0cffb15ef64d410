/**
 * JSON whose numbers keep their digits. An id beyond 2^53 that goes back to an API as a JavaScript
 * number would be another id.
 */

/** A number as its digits. */
export class NumberText {
  readonly #digits: string;

  constructor(digits: string) {
    this.#digits = digits;
  }

  toString(): string {
    return this.#digits;
  }
}

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * Parses JSON with each number as a `NumberText`.
 *
 * @returns undefined: the text is not JSON
 */
export function parseExact(text: string): unknown {
  // A letter in front tells what was text from what was a number.
  const marked = text.replaceAll(TOKEN, (token) =>
    token.startsWith('"') ? `"s${token.slice(1)}` : `"n${token}"`,
  );
  try {
    return unmarked(JSON.parse(marked));
  } catch {
    return undefined;
  }
}

function unmarked(value: unknown): unknown {
  if (typeof value === 'string') {
    return value.startsWith('n') ? new NumberText(value.slice(1)) : value.slice(1);
  }
  if (Array.isArray(value)) return value.map(unmarked);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name.slice(1), unmarked(member)]),
  );
}

/** JSON text of a value that may hold `NumberText`s. */
export function writeExact(value: unknown): string {
  if (value instanceof NumberText) return value.toString();
  if (Array.isArray(value)) return `[${value.map(writeExact).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([name, member]) => `${JSON.stringify(name)}:${writeExact(member)}`,
  );
  return `{${members.join(',')}}`;
}
