/** Opaque cursors: a place in an order and when it was given out, with a check against tampering. */
import { createHash } from 'node:crypto';
import type { ApiOptions } from './contract.js';

export type ReadCursor =
  | { readonly type: 'place'; readonly place: number | null }
  | { readonly type: 'expired' }
  | { readonly type: 'invalid' };

export class Cursors {
  readonly #ttlMs: number;

  constructor({ faults }: ApiOptions) {
    this.#ttlMs = faults?.cursorTtlMs ?? Number.POSITIVE_INFINITY;
  }

  /** @param place null: before the first record */
  issue(place: number | null, nowMs: number): string {
    const said = `${place ?? ''}/${Math.floor(nowMs)}`;
    return Buffer.from(`${said}/${check(said)}`).toString('base64url');
  }

  read(cursor: string, nowMs: number): ReadCursor {
    const [place = '', issuedMs = '', sum] = Buffer.from(cursor, 'base64url')
      .toString('utf8')
      .split('/');
    if (sum !== check(`${place}/${issuedMs}`)) return { type: 'invalid' };
    if (nowMs - Number(issuedMs) > this.#ttlMs) return { type: 'expired' };
    return { type: 'place', place: place === '' ? null : Number(place) };
  }
}

function check(said: string): string {
  return createHash('sha256').update(said).digest('hex').slice(0, 8);
}
