/**
 * The DataSync Analytics API, source "datasync".
 *
 * Facts and their grades are in docs/api.md. Two page shapes are accepted: the nested one that the
 * servers send, and the flat one of the vendor's document.
 */
import type { Fault } from '../core/fault.js';
import { placeCursor } from '../paging/place-cursor.js';
import type { Position } from '../paging/position.js';
import { readDatasyncEnvelope } from './datasync-envelope.js';
import { faultForStatus } from './http-fault.js';
import type { EventSource } from './source.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Anything else is not repeated in messages: a server may write what it was sent, key and all. */
const ERROR_CODE = /^[A-Z][A-Z_]{0,63}$/;
const CURSOR_VERSION = 2;
const LIMIT_REFUSAL_STATUSES = new Set([400, 413, 422]);
/** The parameter by its name, as a word or in a code, but not a limit of requests. */
const NAMES_LIMIT = /(?<!rate[ _-]?)(?<![a-z])(?:limit|page[ _-]?size|per[ _-]?page)(?![a-z])/i;

export const datasync: EventSource = {
  name: 'datasync',
  addressSetting: 'API_BASE_URL',
  stream: 'events',
  reads: 'events',
  target: { reads: 'worker' },
  bucket: 'events',
  pageLimitMax: 5000,
  defaultPolicy: { quota: 10, windowMs: 60_000 },
  paging: placeCursor({
    cursorLifeMs: 120_000,
    codec: { read: readCursor, write: writeCursor },
  }),
  idField: 'id',
  timestampField: 'timestamp',
  recordsField: 'data',
  statuses: { 410: 'CURSOR_EXPIRED' },

  headers(apiKey) {
    return { 'x-api-key': apiKey, accept: 'application/json' };
  },

  pagePath(basePath, cursor, limit) {
    const query = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    return `${basePath}/events?limit=${limit}${query}`;
  },

  request(baseUrl, cursor, limit) {
    return { method: 'GET', url: this.pagePath(baseUrl, cursor, limit), headers: {}, body: null };
  },

  // Metrics have a limit of their own, and hold nothing.
  checkPath: (basePath) => `${basePath}/metrics?limit=1`,

  beside: {
    manifest: '',
    lists: ['sessions', 'metrics'],
    listPolicy: { quota: 30, windowMs: 60_000 },
  },

  readEnvelope: readDatasyncEnvelope,

  readError({ status, body, isLimited }): Fault {
    const code = errorCode(body);
    if (status === 400 && code === 'CURSOR_EXPIRED') {
      return { code: 'CURSOR_EXPIRED', message: 'the cursor has expired', retryable: true, status };
    }
    if (status === 400 && code === 'CURSOR_INVALID_FORMAT') {
      return {
        code: 'CURSOR_INVALID',
        message: 'the API does not read the cursor',
        retryable: true,
        status,
      };
    }
    if (LIMIT_REFUSAL_STATUSES.has(status) && NAMES_LIMIT.test(body)) {
      const message = `HTTP ${status}: the API refuses the page size`;
      return { code: 'LIMIT_REFUSED', message, retryable: true, status };
    }
    return faultForStatus(status, { code, isLimited, named: this.statuses });
  },
};

function readCursor(cursor: string): Position | null {
  const { id, ts } = decodeCursor(cursor);
  const isPosition = typeof id === 'string' && UUID.test(id) && Number.isSafeInteger(ts);
  return isPosition ? { ms: ts as number, id } : null;
}

/** Padding is sometimes stripped; `atob` takes both. Empty when it is not base64 JSON. */
function decodeCursor(cursor: string): { readonly id?: unknown; readonly ts?: unknown } {
  try {
    return JSON.parse(atob(cursor.replaceAll('-', '+').replaceAll('_', '/'))) ?? {};
  } catch {
    return {};
  }
}

function writeCursor({ id, ms }: Position, expiresAtMs: number): string {
  const content = { id, ts: ms, v: CURSOR_VERSION, exp: expiresAtMs };
  return btoa(JSON.stringify(content));
}

function errorCode(body: string): string | null {
  try {
    const code = (JSON.parse(body) as { code?: unknown }).code;
    return typeof code === 'string' && ERROR_CODE.test(code) ? code : null;
  } catch {
    return null;
  }
}
