/** Rows of the ledger as its statements return them: places are texts. */
import { assert } from '../core/fault.js';
import { formatPosition, type Position, parsePosition } from '../paging/position.js';
import type { LedgerPage } from './ledger-types.js';

export type PageRow = Omit<LedgerPage, 'after' | 'through' | 'last'> & {
  readonly [Place in 'after' | 'through' | 'last']: string | null;
};
export function textOf(position: Position | null): string | null {
  return position === null ? null : formatPosition(position);
}

export function positionOf(text: string | null): Position | null {
  if (text === null) return null;
  const position = parsePosition(text);
  assert(position !== null, 'the ledger holds positions of the form ms/id');
  return position;
}
