/**
 * The envelope of a DataSync page: which fields must be as the contract says, and which only advise.
 *
 * Whether there is more and the cursor that leads there decide what a run fetches: another form of
 * them ends the run, with the field's name. All else is taken where it makes sense, and is unknown
 * where it does not.
 */
import type { Fault } from '../../core/fault.js';
import type { EnvelopeReading } from '../codec.js';
import { contractFault } from './contract-fault.js';

type Fields = Readonly<Record<string, unknown>>;

/** A longer life of a cursor is no life; instants beyond it have no date. */
const CURSOR_LIFE_SECONDS_MAX = 1_000_000_000;
/** Where an answer with HTTP 200 says that it failed. */
const ERROR_FIELDS = ['errors', 'error'] as const;
/** Anything else is not repeated in messages: a server may write what it was sent, key and all. */
const ERROR_CODE = /^[A-Z][A-Z_]{0,63}$/;

/** @param json a page, nested or flat, with its records replaced by `[]` */
export function readDatasyncEnvelope(json: unknown): EnvelopeReading {
  if (!isFields(json)) return { type: 'other' };
  const isNested = isFields(json.pagination);
  const page = isNested ? (json.pagination as Fields) : json;
  if (!isNested && !Object.hasOwn(page, 'hasMore')) return { type: 'other' };
  // First: whatever else such an answer says, it is not known whether its records are all.
  const reported = reportedErrors(json);
  if (reported !== null) return { type: 'fault', fault: reported };
  const fieldName = (name: string): string => (isNested ? `pagination.${name}` : name);
  const { hasMore, nextCursor } = page;
  if (typeof hasMore !== 'boolean') {
    return violation(fieldName('hasMore'), hasMore, 'true or false');
  }
  const cursor = typeof nextCursor === 'string' && nextCursor !== '' ? nextCursor : null;
  // Where nothing follows, whatever stands in a cursor's place is none.
  if (cursor === null && hasMore && nextCursor != null && nextCursor !== '') {
    return violation(fieldName('nextCursor'), nextCursor, 'a text');
  }
  const meta = isNested && isFields(json.meta) ? json.meta : {};
  const lifeSeconds = isNested ? page.cursorExpiresIn : null;
  const envelope = {
    nextCursor: cursor,
    hasMore,
    cursorExpiresInMs: isLife(lifeSeconds) ? lifeSeconds * 1000 : null,
    returned: countOrNull(meta.returned),
    limit: isNested ? countOrNull(page.limit) || null : null,
    total: countOrNull(meta.total),
  };
  return { type: 'envelope', envelope };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isLife(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= CURSOR_LIFE_SECONDS_MAX;
}

function countOrNull(value: unknown): number | null {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : null;
}

/** The fault that an answer is which says that it failed; null when it says nothing of the kind. */
function reportedErrors(json: Fields): Fault | null {
  const field = ERROR_FIELDS.find((name) => saysSomething(json[name]));
  if (field === undefined) return null;
  const codes = [json[field], json].flat().flatMap((one) => {
    const { code } = isFields(one) ? one : {};
    return typeof code === 'string' && ERROR_CODE.test(code) ? [code] : [];
  });
  const said = codes.length === 0 ? '' : ` (${[...new Set(codes)].slice(0, 3).join(', ')})`;
  return {
    code: 'PAGE_MALFORMED',
    message: `HTTP 200, but the answer reports a failure in its field "${field}"${said}: its records may not be all`,
    retryable: true,
    status: 200,
  };
}

/** Not null, false, 0, an empty text, list or object, all of which stand for "none". */
function saysSomething(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

function violation(field: string, value: unknown, expected: string): EnvelopeReading {
  return { type: 'fault', fault: contractFault(field, value, expected) };
}
