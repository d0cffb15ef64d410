/** Kinds of settings: what one takes, and how it says so when it is given something else. */
import * as z from 'zod/mini';
import { readDuration } from '../source/file/duration.js';

/** A whole number in [least, most]. */
export function whole(least: number, most = Number.MAX_SAFE_INTEGER) {
  const error = `takes a whole number${rangeText(least, most)}`;
  return z.coerce
    .number(error)
    .check(z.int(error), z.minimum(least, error), z.maximum(most, error));
}

/** The word auto, or a whole number in [least, most]. */
export function autoOrWhole(least: number, most: number) {
  const error = `takes auto or a whole number${rangeText(least, most)}`;
  return z.union([z.literal('auto'), whole(least, most)], error);
}

/** A number in [least, most]. */
export function number(least: number, most = Number.MAX_VALUE) {
  const error = `takes a number${rangeText(least, most)}`;
  return z.coerce.number(error).check(z.minimum(least, error), z.maximum(most, error));
}

function rangeText(least: number, most: number): string {
  if (most < Number.MAX_SAFE_INTEGER) return ` from ${least} to ${most}`;
  return least > Number.MIN_SAFE_INTEGER ? ` of ${least} or more` : '';
}

/** A number and its unit, as in a source file: `90s`, `15m`, `1h`. In ms. */
export function duration(leastMs: number) {
  return z.pipe(
    z.string(),
    z.transform((text, context) => {
      const ms = readDuration(text);
      if (ms !== null && ms >= leastMs) return ms;
      const message = `takes a number and its unit, such as 90s, 15m, 1h or 1d, of ${leastMs / 1000} s or more`;
      context.issues.push({ code: 'custom', message, input: text });
      return z.NEVER;
    }),
  );
}

/** One of a few words. */
export function oneOf<const Word extends string>(...words: readonly [Word, ...Word[]]) {
  return z.enum(words, `takes one of ${words.join(', ')}`);
}

const HTTP_URL = { protocol: /^https?$/, error: 'takes an http or https URL' };
export const httpUrl = z.url(HTTP_URL);
/** Of the API: paths are put behind it, so that what would stand after a path has no place. */
export const apiUrl = z.url(HTTP_URL).check(
  without(({ search, hash }) => search + hash, 'a query or a fragment: they would be lost'),
  without(
    ({ username, password }) => username + password,
    'a user or a password: in a source file, use auth of the type http_basic',
  ),
);

function without(part: (url: URL) => string, words: string) {
  const error = `takes a URL without ${words}`;
  return z.refine<string>((text) => !URL.canParse(text) || part(new URL(text)) === '', error);
}

export const postgresUrl = z.url({
  protocol: /^postgres(ql)?$/,
  error: 'takes a postgres:// URL',
});

/** Names of hosts, apart by commas, without scheme and port. */
export const hostNames = z.pipe(
  z.string(),
  z.transform((text, context) => {
    const names = text
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
    if (names.every((name) => /^[\w.-]+$/.test(name))) return names;
    const message = 'takes names of hosts without a port, apart by commas';
    context.issues.push({ code: 'custom', message, input: text });
    return z.NEVER;
  }),
);
