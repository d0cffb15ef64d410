/**
 * What a body is that is no page: one that was spoilt on its way, which another attempt may heal, or
 * the whole answer of something that is not the source.
 */
import type { Fault } from '../../src/core/fault.js';
import type { EventSource, Source } from '../../src/source/source.js';
import { JsonWalker } from '../json/json-walker.js';
import { type BodyForm, otherForm } from './body-forms.js';
import { firstByteIndex, lastByteIndex, textStart, walkFields } from './envelope.js';

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;

/** A page without records is short; a longer body is not parsed whole to see whether it is one. */
const SHORT_BYTES_MAX = 65_536;
const NAMES_MAX = 8;
/** Another name is not repeated in messages. */
const FIELD_NAME = /^[\w.$-]{1,40}$/;

/**
 * A page whose records are null, as some servers write an empty list, with the list in its place.
 * Null when the body is no such page.
 */
export function withEmptyRecords(body: Buffer, source: EventSource): Buffer | null {
  const page = parseShort(body);
  if (!isObject(page) || page[source.recordsField] !== null) return null;
  const read = source.readEnvelope({ ...page, [source.recordsField]: [] });
  // Where more is to follow, a page without records is not to be believed.
  if (read.type !== 'envelope' || read.envelope.hasMore) return null;
  return Buffer.from(JSON.stringify({ ...page, [source.recordsField]: [] }));
}

/** The fault that a body without an array of records is. */
export function faultWithoutRecords(body: Buffer, source: EventSource): Fault {
  const page = parseShort(body);
  if (isObject(page)) {
    const { recordsField } = source;
    const read = source.readEnvelope({ ...page, [recordsField]: [] });
    if (read.type === 'fault') return read.fault;
    if (read.type === 'envelope') {
      return source.codec.brokenField(recordsField, page[recordsField], 'a list of records');
    }
  }
  return faultOfOther(body, source);
}

/** Whose answer it should be. */
export type Answerer = Pick<Source, 'name' | 'addressSetting' | 'codec'>;

/** The fault that a body is which is no page: of something else when it is whole, else spoilt. */
export function faultOfOther(body: Buffer, source: Answerer): Fault {
  const form = otherForm(body);
  if (form !== null) return faultOfForm(form, source);
  const what = describeWhole(body);
  if (what === null) return malformed(`HTTP 200 with ${describeBody(body)}`);
  return faultOfForm({ what, remedy: null }, source);
}

/** The fault that a body is which is no JSON of the source, however often it is asked for. */
export function faultOfForm({ what, remedy }: BodyForm, source: Answerer): Fault {
  const { name, addressSetting, codec } = source;
  const hint = codec === null ? '' : `; ${codec.address.hint}`;
  return {
    code: 'NOT_A_PAGE',
    message: `HTTP 200 with ${what}, which is no page of the source "${name}"`,
    retryable: true,
    status: 200,
    remedy: remedy ?? `Check ${addressSetting}${hint}`,
  };
}

/** @param type the media type, which is not JSON's */
export function faultOfType(type: string, body: Buffer, source: Answerer): Fault {
  const form = otherForm(body, type);
  if (form !== null) return faultOfForm(form, source);
  return malformed(`HTTP 200 with ${type} where JSON belongs`);
}

export function malformed(message: string): Fault {
  return { code: 'PAGE_MALFORMED', message, retryable: true, status: 200 };
}

/** What a body that is no page is, in a few words, without quoting any of it. */
export function describeBody(body: Buffer): string {
  const first = firstByteIndex(body);
  const last = lastByteIndex(body);
  if (first > last) return 'an empty body';
  if (body.toString('latin1', first, last + 1) === 'null') return 'null';
  const form = otherForm(body);
  if (form !== null) return form.what;
  if (body[first] === OPEN_BRACE && body[last] !== CLOSE_BRACE) {
    return `JSON cut short after ${body.length} bytes`;
  }
  if (body[first] === OPEN_BRACE) return `${body.length} bytes of JSON that are no whole page`;
  return `${body.length} bytes that are no JSON object`;
}

/** What a whole answer is, with the names of its fields; null when it is not whole. */
function describeWhole(body: Buffer): string | null {
  const first = firstByteIndex(body);
  if (body[first] === OPEN_BRACKET) {
    const isWhole = new JsonWalker(body).nestedEnd(first) === lastByteIndex(body) + 1;
    return isWhole ? 'a JSON list' : null;
  }
  if (body[first] !== OPEN_BRACE) {
    const value = parseShort(body);
    // An API that is well answers null now and then.
    return value == null ? null : `a JSON ${typeof value}`;
  }
  const names: string[] = [];
  let count = 0;
  const isWhole = walkFields(body, (readName) => {
    count++;
    const name = names.length < NAMES_MAX ? readName() : null;
    if (name !== null && FIELD_NAME.test(name)) names.push(`"${name}"`);
    return false;
  });
  if (!isWhole) return null;
  if (names.length === 0) return `a JSON object of ${count} fields`;
  const more = count > names.length ? ` and ${count - names.length} more` : '';
  return `a JSON object with the fields ${names.join(', ')}${more}`;
}

/** The value of a short body; undefined when it is long or no JSON. */
function parseShort(body: Buffer): unknown {
  if (body.length > SHORT_BYTES_MAX) return undefined;
  try {
    return JSON.parse(body.toString('utf8', textStart(body)));
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
