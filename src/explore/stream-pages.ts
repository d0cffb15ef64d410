/**
 * The pages of a stream as an exploration asks for them and reads them: one form for every kind of source.
 *
 *   cursor, size ──request──▶ PageRequest ──▶ (API) ──▶ Received ──read──▶ PageRead or a fault
 */
import type { Fault } from '../core/fault.js';
import type { LimitObservation } from '../core/limit-headers.js';
import { parseExact, writeExact } from '../paging/json-text.js';
import { ordinalOfPlace, ordinalPlace } from '../paging/ordinals.js';
import { HIGHEST_ID, type Position } from '../paging/position.js';
import { recordValue } from '../protocol/key-type.js';
import type { PageRequest } from '../protocol/page-request.js';
import type { Source } from '../source/source.js';
import { fieldsOf, type RecordFields, timeOf } from './census.js';
import { eventPages } from './event-pages.js';
import type { PageRead, PageSeen } from './observations.js';
import { recordPages } from './record-pages.js';
import { type Subject, subjectOf } from './subject.js';
import type { Received } from './transport.js';

/** What an answer is. @template Seen what it holds */
export type Read<Seen> =
  | {
      readonly type: 'seen';
      readonly seen: Seen;
      /** What headers and body say of the limits; null: nothing. */
      readonly limits: LimitObservation | null;
    }
  | { readonly type: 'fault'; readonly fault: Fault };

/** How a page was asked for. */
export interface PageWish {
  /** Null: from the start. */
  readonly cursor: string | null;
  /** Records; null: no size is asked for. */
  readonly limit: number | null;
}

/** What is known of a page before its records are looked at. */
export interface PageText extends Pick<PageRead, 'shape' | 'envelope'> {
  /** JSON of each record; null: it cannot be stored. */
  readonly texts: readonly (string | null)[];
}

/** What differs between kinds of sources. */
export interface PageForm {
  /** The size of the first page: null where the API then shows its own. */
  readonly firstLimit: number | null;
  request(wish: PageWish): PageRequest;
  read(received: Received, wish: PageWish): Read<PageText>;
}

export interface StreamPages {
  readonly source: Source;
  readonly subject: Subject;
  readonly fields: RecordFields;
  readonly baseUrl: string;
  readonly firstLimit: number | null;
  request(wish: PageWish): PageRequest;
  read(received: Received, wish: PageWish): Read<PageRead>;
}

/** @param baseUrl without a slash at its end */
export function streamPages(source: Source, baseUrl: string): StreamPages {
  const form = source.codec === null ? recordPages(source, baseUrl) : eventPages(source, baseUrl);
  const fields = fieldsOf(source);
  return {
    ...{ source, fields, baseUrl, subject: subjectOf(source), firstLimit: form.firstLimit },
    request: (wish) => form.request(wish),
    read(received, wish) {
      const read = form.read(received, wish);
      if (read.type === 'fault') return read;
      const { texts, ...page } = read.seen;
      const records = texts.map((text): unknown => (text === null ? undefined : JSON.parse(text)));
      const marks = texts.map((text) => markOf(text ?? '', fields));
      const positions = records.map((record, nth) => positionOf(record, marks[nth] ?? '', fields));
      return { ...read, seen: { ...page, records, marks, positions } };
    },
  };
}

/** Digits that a double would lose keep two keys apart. */
function markOf(text: string, { key }: RecordFields): string {
  const record = key.length === 0 ? undefined : parseExact(text);
  const values = key.map((path) => recordValue(record, path));
  const isWhole = values.length > 0 && values.every((value) => value != null);
  return isWhole ? values.map(markOfValue).join() : text;
}

/** So long is no number that is a key. */
const DIGITS = 24;

/** Text order is the order of the values. */
function markOfValue(value: unknown): string {
  if (typeof value === 'string') return value.toLowerCase();
  return writeExact(value).padStart(DIGITS, '0');
}

function positionOf(record: unknown, mark: string, { key, time }: RecordFields): Position | null {
  const ms = time === null ? null : timeOf(recordValue(record, time));
  const hasKey = key.every((path) => recordValue(record, path) != null);
  return ms === null || !hasKey ? null : { ms, id: mark };
}

/** The ordinal of the last record or page that the API says there is; null: it does not, or nothing is counted. */
export function lastOrdinalOf({ envelope }: Pick<PageSeen, 'envelope'>): number | null {
  const { lastPlace = null } = envelope;
  return lastPlace === null ? null : ordinalOfPlace(lastPlace);
}

/** A cursor for an ordinal; null: it is the first, or nothing is counted. */
export function cursorAtOrdinal({ source }: StreamPages, ordinal: number): string | null {
  const before = ordinal === 0 ? { ms: 1, id: HIGHEST_ID } : ordinalPlace(ordinal - 1);
  return source.paging.seek?.(before, 0) ?? null;
}

/** The ordinal of a record of a page; null: nothing is counted. */
export function ordinalIn(
  { source }: StreamPages,
  { askedCursor }: Pick<PageSeen, 'askedCursor'>,
  nth: number,
): number | null {
  return source.codec === null ? (source.reading.kind.ordinalOf?.(askedCursor, nth) ?? null) : null;
}
