/** The answers to where a page leads, as kinds of paging give them. */
import type { Way } from './paging.js';

export type Broken = Extract<Way, { readonly type: 'broken' }>;

export const END: Way = { type: 'end' };

export function goOn(cursor: string): Extract<Way, { readonly type: 'next' }> {
  return { type: 'next', cursor };
}

/** @param reason the end of a sentence about the API @param remedy what to write in the source file; unset: to look at the paginator */
export function broken(reason: string, remedy?: string): Broken {
  return { type: 'broken', reason, ...(remedy !== undefined && { remedy }) };
}
