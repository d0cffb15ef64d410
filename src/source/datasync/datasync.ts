/**
 * The codec of the DataSync Analytics API.
 *
 * Facts and their grades are in docs/api.md. Two page shapes are accepted: the nested one that the
 * servers send, and the flat one of the vendor's document.
 */
import type { Fault } from '../../core/fault.js';
import type { Position } from '../../paging/position.js';
import type { SourceCodec } from '../codec.js';
import { faultForStatus } from '../http-fault.js';
import { contractFault } from './contract-fault.js';
import { readDatasyncEnvelope } from './envelope.js';
import { ADDRESS, remediesFor } from './remedies.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Anything else is not repeated in messages: a server may write what it was sent, key and all. */
const ERROR_CODE = /^[A-Z][A-Z_]{0,63}$/;
const CURSOR_VERSION = 2;
const LIMIT_REFUSAL_STATUSES = new Set([400, 413, 422]);
/** The parameter by its name, as a word or in a code, but not a limit of requests. */
const NAMES_LIMIT = /(?<!rate[ _-]?)(?<![a-z])(?:limit|page[ _-]?size|per[ _-]?page)(?![a-z])/i;

export const datasync: SourceCodec = {
  cursors: { read: readCursor, write: writeCursor },
  bucket: 'events',
  address: ADDRESS,
  readEnvelope: readDatasyncEnvelope,
  brokenField: contractFault,
  // Metrics have a limit of their own, and hold nothing.
  checkPath: (basePath) => `${basePath}/metrics?limit=1`,
  // By itself: logs of version 0.1 and 0.2 are kept so.
  keyText: (auth) => (auth?.type === 'api_key' ? auth.apiKey : JSON.stringify(auth)),
  simulator: { key: 'simulator-key', path: '/api/v1' },
  submissions: async () => (await import('./submissions.js')).submissions,

  beside: {
    manifest: '',
    lists: ['sessions', 'metrics'],
    listPolicy: { quota: 30, windowMs: 60_000 },
  },
  latencyMs: 4_000,

  readError({ status, body, isLimited }, credentials): Fault {
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
    const named = { 410: 'CURSOR_EXPIRED' } as const;
    return faultForStatus(status, { code, isLimited, named, remedies: remediesFor(credentials) });
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
