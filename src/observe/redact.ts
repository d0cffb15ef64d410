/**
 * Takes secrets out of the log, of alerts and of what is kept of a run: by value, by the name of
 * their field, and by how they stand in a text (an address with a password, a header). A secret that
 * an error of some library quotes is found by its value, wherever in the record it occurs.
 *
 * A line is looked at as a whole first; only one that may hold a secret is taken apart.
 */

const CENSOR = '[secret]';
/** A shorter secret is taken out where it is a word of its own: else it would tear words apart. */
const ANYWHERE_CHARS = 6;
/** What the reader of a log goes by; no error's text can get into them. */
const OWN_FIELDS = new Set(['level', 'time', 'event']);

const SUSPICIOUS =
  /:\/\/[^\s"]*@|authorization|api[-_]?key|passw|pgpass|secret|token|bearer|connection_?string|routing_?key/i;
const SECRET_FIELD =
  /^(?:(?:proxy-)?authorization|(?:x-)?api[-_]?key|password|pgpassword|secret|token|connection_?string|routing_?key|set-cookie|cookie)$/i;
const CREDENTIALS_IN_URL = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'<>]*@/gi;
const ASSIGNED =
  /([\w-]*(?:authorization|api[-_]?key|password|secret|token|routing_?key)["']?)(\s*[:=]\s*["']?)(?:(?:bearer|basic)\s+)?[^\s"'&,;)}\]]+/gi;
/** `INVALID_API_KEY: the API refused it` is an error of that name, and what it says no secret. */
const ERROR_CODE = /^[A-Z\d_]+$/;
const BEARER = /\b(bearer|basic)\s+[\w.~+/-]{8,}=*/gi;

export class Redactor {
  /** The longest first: one that is part of another must not leave the rest of it standing. */
  #forms: readonly string[] = [];
  /** The forms as they stand in a line of JSON. */
  readonly #inJson = new Set<string>();

  /** Keeps this value out of every line from now on, percent-encoded or not. */
  conceal(secret: string): void {
    for (const form of [secret, encodeURIComponent(secret), decoded(secret)]) {
      if (form === '') continue;
      this.#forms = [...new Set([...this.#forms, form])].sort((a, b) => b.length - a.length);
      this.#inJson.add(JSON.stringify(form).slice(1, -1));
    }
  }

  /** @param line one record as JSON, with its line end @returns the same without secrets */
  redact(line: string): string {
    if (!this.#maySay(line)) return line;
    return `${JSON.stringify(this.#cleanFields(JSON.parse(line), OWN_FIELDS))}\n`;
  }

  /** One text without secrets. */
  cleanText(text: string): string {
    let clean = text;
    for (const form of this.#forms) clean = without(clean, form);
    return clean
      .replace(CREDENTIALS_IN_URL, `$1${CENSOR}@`)
      .replace(ASSIGNED, withoutValue)
      .replace(BEARER, `$1 ${CENSOR}`);
  }

  #maySay(line: string): boolean {
    if (SUSPICIOUS.test(line)) return true;
    for (const form of this.#inJson) if (line.includes(form)) return true;
    return false;
  }

  #clean(value: unknown): unknown {
    if (typeof value === 'string') return this.cleanText(value);
    if (Array.isArray(value)) return value.map((each) => this.#clean(each));
    if (typeof value === 'object' && value !== null) return this.#cleanFields(value);
    return value;
  }

  #cleanFields(record: object, kept: ReadonlySet<string> = new Set()): object {
    const fields = Object.entries(record).map(([name, value]) => {
      if (kept.has(name)) return [name, value];
      const isSecret = SECRET_FIELD.test(name) && value !== null;
      return [this.cleanText(name), isSecret ? CENSOR : this.#clean(value)];
    });
    return Object.fromEntries(fields);
  }
}

function withoutValue(assignment: string, name: string, sign: string): string {
  const isError = sign.includes(':') && ERROR_CODE.test(name);
  return isError ? assignment : `${name}${sign}${CENSOR}`;
}

function without(text: string, secret: string): string {
  if (secret.length >= ANYWHERE_CHARS) return text.replaceAll(secret, CENSOR);
  const literal = secret.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  return text.replaceAll(new RegExp(`(?<!\\w)${literal}(?!\\w)`, 'g'), CENSOR);
}

/** Percent signs read, where they can be. */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
