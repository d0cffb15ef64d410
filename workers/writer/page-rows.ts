/**
 * Which rows of a page are written, and what the ledger says of them. Pure: it looks at every row
 * once and writes nothing.
 *
 *   rows of the page ── clipped: of an earlier instant than the segment's bound; another segment's
 *                    ├─ culprits: PostgreSQL refused them; they go to quarantine
 *                    └─ accepted ── repeated: their id came before in this page
 *                                └─ distinct: what is written
 *
 * A row without a timestamp has no place of its own in the order: it is written wherever it appears.
 */
import { assert } from '../../src/core/fault.js';
import {
  formatPosition,
  isBehindBound,
  LOWEST_ID,
  type Position,
} from '../../src/paging/position.js';
import {
  type Batch,
  type ColumnViews,
  columnViews,
  type Rejects,
  rejectAt,
} from '../../src/protocol/batch.js';
import type { PageWrite } from '../../src/protocol/writer-messages.js';
import type { RowSource } from './row-encoding.js';
import type { TableShape } from './table-shape.js';

/** A page with the id that the ledger has for it, and that each of its rows carries. */
export interface OwnerPage extends PageWrite {
  readonly id: number;
}

/** What of it its rows need. */
export type PageOfRows = Pick<OwnerPage, 'id' | 'run' | 'segment' | 'page' | 'bound' | 'batch'>;

export interface PageRows extends RowSource {
  /** Accepted rows, repeated ones included. */
  readonly acceptedCount: number;
  /** The records that the fetch worker rejected and that belong to this segment. */
  readonly rejects: Rejects;
  /** `ms/id` of the first and last accepted row that has a timestamp; null when none has. */
  readonly firstPosition: string | null;
  readonly lastPosition: string | null;
}

const NO_CULPRITS: ReadonlySet<number> = new Set();

/**
 * @param shape where the database reads the keys or merges, it also finds those that are repeated
 * @param culprits rows of the batch that PostgreSQL refused
 */
export function selectRows(
  page: Pick<OwnerPage, 'id' | 'bound' | 'batch'>,
  shape: Pick<TableShape, 'reads' | 'merges'>,
  culprits: ReadonlySet<number> = NO_CULPRITS,
): PageRows {
  const { batch, bound } = page;
  const columns = columnViews(batch.columns);
  assert(batch.rowCount <= columns.capacity, 'a batch has no more rows than its columns hold');
  const { ids, occurredAtMs, recordStarts, recordEnds } = columns;

  const rows = new Uint32Array(batch.rowCount);
  const hasKeys = shape.reads === 'worker';
  const seen = hasKeys && !shape.merges ? new IdSet(ids, batch.rowCount) : null;
  let distinctCount = 0;
  let acceptedCount = 0;
  let recordBytes = 0;
  let firstRow = -1;
  let lastRow = -1;
  for (let row = 0; row < batch.rowCount; row++) {
    const ms = occurredAtMs[row] as number;
    if (isBehindBound(ms, bound) || culprits.has(row)) continue;
    acceptedCount++;
    if (!Number.isNaN(ms)) {
      if (firstRow < 0) firstRow = row;
      lastRow = row;
    }
    if (seen?.add(row) === false) continue;
    rows[distinctCount++] = row;
    recordBytes += (recordEnds[row] as number) - (recordStarts[row] as number);
  }
  const placeOf = (row: number): string | null => {
    if (row < 0) return null;
    const id = hasKeys ? uuidText(ids, row) : LOWEST_ID;
    return formatPosition({ ms: occurredAtMs[row] as number, id });
  };
  return {
    pageId: page.id,
    columns,
    body: new Uint8Array(batch.body, 0, batch.bodyBytes),
    rows: rows.subarray(0, distinctCount),
    recordBytes,
    acceptedCount,
    rejects: keptRejects(batch, columns, bound),
    firstPosition: placeOf(firstRow),
    lastPosition: placeOf(lastRow),
  };
}

/** 0-based place of a row in the page: rejects are not in the columns, but they count. */
export function pageIndexOf(rejects: Rejects, row: number): number {
  let index = row;
  for (let nth = 0; nth < rejects.count && rejectAt(rejects, nth).index <= index; nth++) index++;
  return index;
}

/** Rejects after the first row that belongs to the next segment belong to it too. */
function keptRejects(
  { rejects, ...batch }: Batch,
  { occurredAtMs }: ColumnViews,
  bound: Position | null,
): Rejects {
  if (rejects.count === 0 || bound === null || !batch.isDescending) return rejects;
  for (let row = 0; row < batch.rowCount; row++) {
    if (!isBehindBound(occurredAtMs[row] as number, bound)) continue;
    // As many rejects as lie before the row have shifted its place in the page.
    return { ...rejects, count: pageIndexOf(rejects, row) - row };
  }
  return rejects;
}

/** The id of a row as text. */
export function uuidText(ids: Uint8Array, row: number): string {
  const hex = Buffer.from(ids.buffer, ids.byteOffset + row * 16, 16).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/**
 * Each word is mixed in by itself: ids that differ in two words at once, by the same bits, must not
 * share a hash, or a page of them would be compared row by row.
 *
 * @param at the first of the id's four words
 */
export function hashOfId(words: Uint32Array, at: number): number {
  let hash = 0;
  for (let index = at; index < at + 4; index++) {
    hash = Math.imul(hash ^ (words[index] as number), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}

/** A set of rows by id: open addressing over row numbers, so that no object is made per row. */
class IdSet {
  readonly #words: Uint32Array;
  /** Row + 1; 0 is free. */
  readonly #slots: Uint32Array;
  readonly #mask: number;

  constructor(ids: Uint8Array, rowCount: number) {
    // The ids begin at a multiple of 16 × capacity, so that they can be read as words.
    this.#words = new Uint32Array(ids.buffer, ids.byteOffset, rowCount * 4);
    const size = 2 ** Math.ceil(Math.log2(Math.max(16, rowCount * 2)));
    this.#slots = new Uint32Array(size);
    this.#mask = size - 1;
  }

  /** @returns false when an earlier row has the same id. */
  add(row: number): boolean {
    const words = this.#words;
    const at = row * 4;
    const hash = hashOfId(words, at);
    let slot = (hash ^ (hash >>> 16)) & this.#mask;
    for (;;) {
      const other = this.#slots[slot] as number;
      if (other === 0) break;
      if (this.#isSameId(row, other - 1)) return false;
      slot = (slot + 1) & this.#mask;
    }
    this.#slots[slot] = row + 1;
    return true;
  }

  #isSameId(a: number, b: number): boolean {
    const words = this.#words;
    return (
      words[a * 4] === words[b * 4] &&
      words[a * 4 + 1] === words[b * 4 + 1] &&
      words[a * 4 + 2] === words[b * 4 + 2] &&
      words[a * 4 + 3] === words[b * 4 + 3]
    );
  }
}
