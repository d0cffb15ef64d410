/** What a failed write means for its page. Pure. */
import type { Fault } from '../../src/core/fault.js';
import { faultFromDatabaseError } from '../../src/postgres/sql-fault.js';

const UNIQUE_VIOLATION = '23505';
const NOT_NULL_VIOLATION = '23502';
const CHECK_VIOLATION = '23514';
/** Raised by `ingestion_hold_segment`. */
const NOT_HELD = 'DSL01';
/** What a trigger raises in words of its own. */
const RAISED = 'P0001';
/** Data exceptions, integrity violations, and limits that one row's content can exceed. */
const ROW_ERROR_CLASSES = new Set(['22', '23', '54']);
const DETAIL_CHARS_MAX = 300;

export type WriteError =
  /** The ledger has the page: an earlier acknowledgement was lost. */
  | { readonly type: 'pageKnown' }
  /** The table has triggers, so that what was stored is not known: see statements.ts. */
  | { readonly type: 'uncounted' }
  /** Another page has written one of its rows meanwhile. */
  | { readonly type: 'raced' }
  /** Another member holds the segment of the page by now. */
  | { readonly type: 'notHeld' }
  /** The table has one of the rows, or another with the same key of a further unique index. */
  | { readonly type: 'rowKnown'; readonly reason: string }
  /** A row that PostgreSQL cannot store; `reason` is its own words. */
  | { readonly type: 'rowRefused'; readonly reason: string }
  | { readonly type: 'fault'; readonly fault: Fault };

/**
 * @param error what a statement was rejected with: an error of the server or of the connection
 * @param relation the table of the rows, as the server names it
 */
export function readWriteError(error: unknown, relation: string): WriteError {
  const { code, table, column } = error as Readonly<Record<string, unknown>>;
  if (typeof code !== 'string' || code.length !== 5) {
    return { type: 'fault', fault: faultFromDatabaseError(error) };
  }
  if (code === NOT_HELD) return { type: 'notHeld' };
  if (code === UNIQUE_VIOLATION && table === 'ingestion_pages') return { type: 'pageKnown' };
  if (code === NOT_NULL_VIOLATION && table === 'ingestion_pages') {
    return { type: column === 'updated' ? 'raced' : 'uncounted' };
  }
  if (ROW_ERROR_CLASSES.has(code.slice(0, 2)) || code === RAISED) {
    const isKnown = code === UNIQUE_VIOLATION && table === relation;
    return { type: isKnown ? 'rowKnown' : 'rowRefused', reason: refusalReason(error) };
  }
  return { type: 'fault', fault: faultFromDatabaseError(error) };
}

/** The detail names the token or the value, or is the whole row, which says nothing of the reason. */
function refusalReason(error: unknown): string {
  const { code, message, detail } = error as { code: string; message?: string; detail?: string };
  const isRow = code === NOT_NULL_VIOLATION || code === CHECK_VIOLATION;
  const said =
    detail === undefined || isRow ? message : `${message}: ${detail.slice(0, DETAIL_CHARS_MAX)}`;
  return `PostgreSQL refused it: ${said} (${code})`;
}
