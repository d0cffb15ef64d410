/** Values of an API as a person may see them: in short, and without secrets. */
import { NumberText } from '../../paging/json-text.js';
import { isSecretName } from '../../source/file/secret-names.js';

const CENSOR = '[secret]';
/** A shorter secret may be a part of ordinary words. */
const SECRET_CHARS_MIN = 6;
const TEXT_CHARS_MAX = 40;
const MEMBERS_MAX = 12;
const ELEMENTS_MAX = 2;
const DEPTH_MAX = 3;

/** The text without these secrets, as they are and as they stand in an address. JSON stays JSON. */
export function withoutSecrets(text: string, secrets: Iterable<string>): string {
  let clean = text;
  for (const secret of secrets) {
    if (secret.length < SECRET_CHARS_MIN) continue;
    const inJson = JSON.stringify(secret).slice(1, -1);
    for (const form of [inJson, secret, encodeURIComponent(secret)]) {
      clean = clean.replaceAll(form, CENSOR);
    }
  }
  return clean;
}

/**
 * A record in short: long texts and lists are cut, what has the name of a secret is left out.
 *
 * @param value of `JSON.parse`, or of `parseExact`
 */
export function inShort(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') {
    return value.length <= TEXT_CHARS_MAX ? value : `${value.slice(0, TEXT_CHARS_MAX - 1)}…`;
  }
  if (typeof value !== 'object' || value === null || value instanceof NumberText) return value;
  if (depth >= DEPTH_MAX) return '…';
  if (Array.isArray(value)) {
    const shown = value.slice(0, ELEMENTS_MAX).map((element) => inShort(element, depth + 1));
    return value.length <= ELEMENTS_MAX ? shown : [...shown, `… ${value.length} in all`];
  }
  const members = Object.entries(value);
  const shown = members
    .slice(0, MEMBERS_MAX)
    .map(([name, member]) => [
      name,
      isSecretMember(name, member) ? CENSOR : inShort(member, depth + 1),
    ]);
  const rest = members.length - shown.length;
  return Object.fromEntries(rest > 0 ? [...shown, ['…', `${rest} more`]] : shown);
}

/** `key` is the name of many an ordinary field. */
function isSecretMember(name: string, value: unknown): boolean {
  return typeof value === 'string' && name.toLowerCase() !== 'key' && isSecretName(name);
}
