/** What the results of a task have in common, whatever the source. */
import type { Fault } from '../../src/core/fault.js';
import type { Envelope } from '../../src/paging/paging.js';
import type { Batch, BatchBuffers } from '../../src/protocol/batch.js';
import type { ProvedPage } from './page.js';

export const BROKEN_CURSOR: Fault = {
  code: 'CONTRACT',
  message:
    'the cursor of the next page holds half a surrogate pair or a NUL: it can be neither sent nor kept',
  retryable: false,
  status: 200,
  remedy: 'Tell the owner of the API',
};

/** Of a pair, nothing matches: the two are one character. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** JSON can write characters into a cursor that no address and no PostgreSQL text can hold. */
export function isUsable({ nextCursor }: Envelope): boolean {
  return nextCursor === null || !(LONE_SURROGATE.test(nextCursor) || nextCursor.includes('\0'));
}

/** @param body that holds the page; null: it has no records */
export function batchOf(page: ProvedPage, body: ArrayBuffer | null): Batch {
  return {
    rowCount: page.rowCount,
    body: body ?? new ArrayBuffer(0),
    bodyBytes: page.bodyBytes,
    columns: page.columns,
    rejects: page.rejects,
    firstPosition: page.firstPosition,
    lastPosition: page.lastPosition,
    isDescending: page.isDescending,
    ...(page.fingerprint !== undefined && { fingerprint: page.fingerprint }),
    ...(page.highest !== undefined && { highest: page.highest }),
  };
}

export function keptBuffers(
  body: ArrayBuffer | null,
  columns: ArrayBuffer | null,
): BatchBuffers | null {
  return body === null || columns === null ? null : { body, columns };
}
