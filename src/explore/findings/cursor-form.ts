/** What a cursor looks like from outside, whatever source it is of. */
import { isObject } from '../census.js';

export interface CursorForm {
  readonly name: 'base64 JSON' | 'JSON' | 'number' | 'opaque';
  readonly detail: string;
  /** An instant in the future that it holds, epoch ms; null: none is to be seen. */
  readonly expiresAtMs: number | null;
}

const EXPIRY_NAMES = ['exp', 'expires', 'expiresAt', 'expires_at', 'expiry'];

export function readCursorForm(cursor: string): CursorForm {
  if (/^\d+$/.test(cursor)) return { name: 'number', detail: 'digits alone', expiresAtMs: null };
  const plain = parseObject(cursor);
  if (plain !== null) return described('JSON', plain);
  const decoded = parseObject(Buffer.from(cursor, 'base64').toString('utf8'));
  if (decoded !== null) return described('base64 JSON', decoded);
  const detail = `${cursor.length} characters that say nothing`;
  return { name: 'opaque', detail, expiresAtMs: null };
}

function described(name: 'JSON' | 'base64 JSON', content: Record<string, unknown>): CursorForm {
  const expiry = EXPIRY_NAMES.map((field) => content[field]).find((value) => value !== undefined);
  const isInstant = typeof expiry === 'number' && expiry > 1e9;
  return {
    name,
    detail: `fields ${Object.keys(content).join(', ')}; not signed`,
    expiresAtMs: isInstant ? (expiry < 1e11 ? expiry * 1000 : expiry) : null,
  };
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
