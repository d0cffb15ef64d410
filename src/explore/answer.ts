/** What an answer is that should have been JSON of the source, and is not. */
import type { Fault } from '../core/fault.js';
import type { EventSource } from '../source/source.js';

const TEXT_CHARACTERS_MAX = 2_000;

/** Whether the limiter let its request in. */
export function isLetIn(status: number): boolean {
  return status >= 200 && status < 300;
}

/** The body of an answer, to be judged. */
export interface Said {
  readonly path: string;
  readonly status: number;
  /** Its start. */
  readonly text: string;
  /** Undefined: it is no JSON. */
  readonly json: unknown;
}

export function saidIn(body: Buffer, asked: Pick<Said, 'path' | 'status'>): Said {
  return { ...asked, text: body.toString('utf8', 0, TEXT_CHARACTERS_MAX), json: parseJson(body) };
}

/** @returns undefined: it is no JSON */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

export function notThisApi(
  { name, addressSetting, codec }: EventSource,
  { path, status, text, json }: Said,
  what: string,
): Fault {
  const isHtml = /^\s*<(?:!doctype|html)/i.test(text);
  const said = isHtml ? 'an HTML page' : json === undefined ? 'no JSON' : 'JSON of another form';
  return {
    code: 'CONTRACT',
    message: `${path.split('?')[0]} answers with HTTP ${status} and ${said}, not with ${what}: this is not the API of the source "${name}"`,
    retryable: false,
    status,
    remedy: `Check ${addressSetting}; ${codec.address.hint}`,
  };
}
