/**
 * Which rows of a page are written, and what the ledger says of them. Pure: it looks at every row
 * once and writes nothing.
 *
 *   rows of the page ── clipped: after the segment's bound; another segment writes them
 *                    ├─ culprits: PostgreSQL refused them; they go to quarantine
 *                    └─ accepted ── repeated: their id came before in this page
 *                                └─ distinct: what is written
 *                                     ├─ covered: within (after, through]; what the digest proves
 *                                     └─ strays: the others, those without a timestamp, and all of a
 *                                        page without order; named by id in the ledger
 *
 * A row without a timestamp has no place of its own in the order. In an ordered page it takes the
 * place of its neighbours: it is written wherever it appears, but covered only between covered rows,
 * because the page that covers its neighbours holds it too.
 */
import { addRow, emptyDigest, type RowDigest } from '../../src/core/digest.js';
import { assert } from '../../src/core/fault.js';
import { formatPosition, type Position } from '../../src/core/position.js';
import {
  type Batch,
  type ColumnViews,
  columnViews,
  type Rejects,
  rejectAt,
} from '../../src/protocol/batch.js';
import type { PageWrite } from '../../src/protocol/writer-messages.js';
import type { RowSource } from './row-encoding.js';

export interface PageRows extends RowSource {
  /** Accepted rows, repeated ones included. */
  readonly acceptedCount: number;
  /** The records that the fetch worker rejected and that belong to this segment. */
  readonly rejects: Rejects;
  readonly covered: RowDigest;
  /** The part of `covered` that has no timestamp. */
  readonly untimed: RowDigest;
  /** Rows of the batch that no interval can prove: the ledger has them by id. */
  readonly strays: readonly number[];
  /** `ms/id` of the first and last accepted row that has a timestamp; null when none has. */
  readonly firstPosition: string | null;
  readonly lastPosition: string | null;
}

/** A position as what a row is compared with: the instant, then the id's bytes. */
interface Place {
  readonly ms: number;
  readonly id: Uint8Array;
}

const NO_CULPRITS: ReadonlySet<number> = new Set();

/** @param culprits rows of the batch that PostgreSQL refused */
export function selectRows(page: PageWrite, culprits: ReadonlySet<number> = NO_CULPRITS): PageRows {
  const { batch } = page;
  const columns = columnViews(batch.columns);
  assert(batch.rowCount <= columns.capacity, 'a batch has no more rows than its columns hold');
  const { ids, occurredAtMs, recordStarts, recordEnds } = columns;
  const after = placeOf(page.after);
  const through = placeOf(page.through);
  const bound = placeOf(page.bound);
  const untimedRange = untimedCover(batch, columns, after, through, bound);

  const rows = new Uint32Array(batch.rowCount);
  const covered = emptyDigest();
  const untimed = emptyDigest();
  const strays: number[] = [];
  const seen = new IdSet(ids, batch.rowCount);
  let distinctCount = 0;
  let acceptedCount = 0;
  let recordBytes = 0;
  let firstRow = -1;
  let lastRow = -1;
  for (let row = 0; row < batch.rowCount; row++) {
    const ms = occurredAtMs[row] as number;
    const isTimed = !Number.isNaN(ms);
    if (isTimed && bound !== null && isAfter(ids, row, ms, bound)) continue;
    if (culprits.has(row)) continue;
    acceptedCount++;
    if (isTimed) {
      if (firstRow < 0) firstRow = row;
      lastRow = row;
    }
    if (!seen.add(row)) continue;
    rows[distinctCount++] = row;
    recordBytes += (recordEnds[row] as number) - (recordStarts[row] as number);
    const isCovered = isTimed
      ? (after === null || isAfter(ids, row, ms, after)) &&
        (through === null || !isAfter(ids, row, ms, through))
      : row >= untimedRange.from && row < untimedRange.to;
    if (isCovered) addRow(covered, ids, row, ms);
    if (isCovered && !isTimed) addRow(untimed, ids, row, ms);
    if (!isCovered || !isTimed || !batch.isOrdered) strays.push(row);
  }
  return {
    columns,
    body: new Uint8Array(batch.body, 0, batch.bodyBytes),
    rows: rows.subarray(0, distinctCount),
    recordBytes,
    acceptedCount,
    rejects: keptRejects(batch, columns, bound),
    covered,
    untimed,
    strays,
    firstPosition: firstRow < 0 ? null : positionText(columns, firstRow),
    lastPosition: lastRow < 0 ? null : positionText(columns, lastRow),
  };
}

/** 0-based place of a row in the page: rejects are not in the columns, but they count. */
export function pageIndexOf(rejects: Rejects, row: number): number {
  let index = row;
  for (let nth = 0; nth < rejects.count && rejectAt(rejects, nth).index <= index; nth++) index++;
  return index;
}

/** The rows among which a row without a timestamp is covered. */
function untimedCover(
  batch: Batch,
  { ids, occurredAtMs }: ColumnViews,
  after: Place | null,
  through: Place | null,
  bound: Place | null,
): { from: number; to: number } {
  let from = 0;
  let to = batch.rowCount;
  if (!batch.isOrdered) return { from, to };
  for (let row = 0; after !== null && row < batch.rowCount; row++) {
    const ms = occurredAtMs[row] as number;
    if (Number.isNaN(ms)) continue;
    if (isAfter(ids, row, ms, after)) break;
    from = row + 1;
  }
  for (let row = batch.rowCount - 1; row >= from; row--) {
    const ms = occurredAtMs[row] as number;
    if (Number.isNaN(ms)) continue;
    const isPast =
      (through !== null && isAfter(ids, row, ms, through)) ||
      (bound !== null && isAfter(ids, row, ms, bound));
    if (!isPast) break;
    to = row;
  }
  return { from, to };
}

/** Rejects after the first row that belongs to the next segment belong to it too. */
function keptRejects(
  { rejects, ...batch }: Batch,
  columns: ColumnViews,
  bound: Place | null,
): Rejects {
  if (rejects.count === 0 || bound === null || !batch.isOrdered) return rejects;
  for (let row = 0; row < batch.rowCount; row++) {
    const ms = columns.occurredAtMs[row] as number;
    if (Number.isNaN(ms) || !isAfter(columns.ids, row, ms, bound)) continue;
    // As many rejects as lie before the row have shifted its place in the page.
    return { ...rejects, count: pageIndexOf(rejects, row) - row };
  }
  return rejects;
}

function placeOf(position: Position | null): Place | null {
  if (position === null) return null;
  const id = Buffer.from(position.id.replaceAll('-', ''), 'hex');
  assert(id.length === 16, 'a position has a uuid');
  return { ms: position.ms, id };
}

/** Whether the row comes later in the source's order: an earlier instant, or a smaller id. */
function isAfter(ids: Uint8Array, row: number, ms: number, place: Place): boolean {
  if (ms !== place.ms) return ms < place.ms;
  for (let i = 0; i < 16; i++) {
    const difference = (ids[row * 16 + i] as number) - (place.id[i] as number);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function positionText({ ids, occurredAtMs }: ColumnViews, row: number): string {
  return formatPosition({ ms: occurredAtMs[row] as number, id: uuidText(ids, row) });
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
