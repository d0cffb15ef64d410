/**
 * Kinds of fields of a source file: what each takes, and how it says so when it is given something
 * else. No message repeats a value, for it may be a secret.
 */
import * as z from 'zod/mini';
import { DURATION, readDuration } from './duration.js';

interface RawIssue {
  readonly input?: unknown;
}

/** The words for a value that is missing or of another kind. @param what the end of "takes …" */
export function takes(what: string) {
  const error = ({ input }: RawIssue): string =>
    input === undefined ? `is missing; it takes ${what}` : `takes ${what}, not ${kindOf(input)}`;
  return { error };
}

/** "not a number that is too large" tells less than the rule alone. */
function rule(what: string): string {
  return `takes ${what}`;
}

function kindOf(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a block of fields';
  if (typeof value === 'boolean') return 'true or false';
  return typeof value === 'string' ? 'this text' : `a ${typeof value}`;
}

/**
 * A block with these fields and no other.
 *
 * An issue of zod has no room for what else there is to say of an unknown field, so its message is the
 * list of the known ones; shape-faults.ts reads it.
 */
export function block<const Shape extends z.core.$ZodShape>(shape: Shape) {
  const known = Object.keys(shape).join(' ');
  const other = takes('a block of fields');
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? known : other.error(issue)),
  });
}

export const text = z
  .string(takes('a text'))
  .check(z.minLength(1, rule('a text that is not empty')));
export const anyText = z.string(takes('a text'));
export const flag = z.boolean(takes('true or false'));

export function whole(least: number, most = Number.MAX_SAFE_INTEGER) {
  const range = most < Number.MAX_SAFE_INTEGER ? `from ${least} to ${most}` : `of ${least} or more`;
  const what = `a whole number ${range}`;
  return z
    .number(takes(what))
    .check(z.int(rule(what)), z.minimum(least, rule(what)), z.maximum(most, rule(what)));
}

export const httpStatus = whole(100, 599);

/** One of a few words. */
export function oneOf<const Word extends string>(...words: readonly [Word, ...Word[]]) {
  return z.enum(words, takes(`one of ${words.join(', ')}`));
}

const DURATION_WORDS = 'a duration such as 500ms, 120s, 5m or 1h';
export const duration = z.string(takes(DURATION_WORDS)).check(
  z.regex(DURATION, rule(DURATION_WORDS)),
  z.refine(
    (value) => !DURATION.test(value) || readDuration(value) !== null,
    rule(`${DURATION_WORDS}, above 0 and up to 3650d`),
  ),
);

export function listOf<Item extends z.core.$ZodType>(item: Item, what: string) {
  return z.array(item, takes(`a list of ${what}`));
}

export const textOrList = z.union(
  [text, listOf(text, 'texts')],
  takes('a text or a list of texts'),
);

export const json = z.json();
export const namedJson = z.record(z.string(), json, takes('a block of names and values'));
export const namedTexts = z.record(
  z.string(),
  z.union([anyText, z.number(), z.boolean()], takes('a text')),
  takes('a block of names and texts'),
);

const CURSOR_WORDS = takes('a text or a number');
/** A value by which a stream goes on. */
export const cursorScalar = z.union([text, z.number(CURSOR_WORDS)], CURSOR_WORDS);

/** A field that changes nothing here; special-fields.ts says why. */
export const hint = z.optional(z.unknown());
