/**
 * One page in the memory of the scan module.
 *
 * The records are copied there, for a body's buffer has to move on to the next thread, which memory
 * of a module cannot; the copy takes a tenth of the scan. Places are bytes of the page throughout.
 */
import { isUtf8 } from 'node:buffer';
import { BYTES_PER_ROW, type ColumnViews, columnViewsAt } from '../../../src/protocol/batch.js';
import type { ScanRequest } from '../scanner.js';
import type { ScanModule } from './scan-module.js';

/** The layout that declarations.wat draws. */
const NAME_BYTES_MAX = 64;
const SCALAR_STARTS_AT = 128;
const COLUMNS_AT = 384;

const SCALAR_STARTS = '-0123456789tfn';
const WASM_PAGE_BYTES = 65_536;
const BLOCK_BYTES = 64;
const BLANK = 0x20;
/** Vectors are read at places up to the last record's end, and the walk looks one block beyond. */
const BLANK_BYTES = 4 * BLOCK_BYTES;
/** The module's memory never shrinks; a longer page leaves too much of it behind. */
const BODY_BYTES_MAX = 16 * 1024 * 1024;
const UTF8_SLICE_BYTES = 4096;
const NON_ASCII = 0x80;

/** Whether the module can take the page: its size, and names that can be told apart in it. */
export function fitsModule({ body, idField, timestampField }: ScanRequest): boolean {
  const isName = (name: string): boolean =>
    name !== '' && Buffer.byteLength(name) <= NAME_BYTES_MAX;
  const areNames = isName(idField) && isName(timestampField) && idField !== timestampField;
  return areNames && body.length <= BODY_BYTES_MAX;
}

/** How far a walk came. */
export interface WalkEnd {
  /** The record that was not taken; or, where no comma follows the last one taken, the byte behind that. */
  readonly at: number;
  readonly isBehindRecord: boolean;
}

export class PageMemory {
  readonly #module: ScanModule;
  readonly #bytes: Uint8Array;
  readonly #masksAt: number;
  readonly #recordsAt: number;
  readonly #body: Buffer;
  readonly #recordsStart: number;
  readonly #capacity: number;

  /** @param capacity of the columns, in rows */
  constructor(module: ScanModule, request: ScanRequest, capacity: number) {
    const { body, recordsStart } = request;
    this.#module = module;
    this.#body = body;
    this.#recordsStart = recordsStart;
    this.#capacity = capacity;
    const recordsBytes = body.length - recordsStart;
    this.#masksAt = wholeBlocks(COLUMNS_AT + capacity * BYTES_PER_ROW);
    this.#recordsAt = wholeBlocks(this.#masksAt + (recordsBytes + BLANK_BYTES) / 8);
    const recordsEnd = this.#recordsAt + recordsBytes;
    this.#bytes = memoryOf(module, recordsEnd + BLANK_BYTES);

    this.#bytes.set(body.subarray(recordsStart), this.#recordsAt);
    this.#bytes.fill(BLANK, recordsEnd, recordsEnd + BLANK_BYTES);
    for (const start of Buffer.from(SCALAR_STARTS)) this.#bytes[SCALAR_STARTS_AT + start] = 1;
    module.idLength.value = this.#write(request.idField, 0);
    module.timestampLength.value = this.#write(request.timestampField, NAME_BYTES_MAX);
    module.columns.value = COLUMNS_AT;
    module.masks.value = this.#masksAt;
    module.records.value = this.#recordsAt;
    module.recordsStart.value = recordsStart;
    module.capacity.value = capacity;
  }

  /** The first pass. False when the page's quotes cannot be paired. @param isText whether the page is UTF-8 */
  findStructure(isText: boolean): boolean {
    const recordsBytes = this.#body.length - this.#recordsStart;
    if (this.#module.findStructure(this.#recordsAt + recordsBytes) === 0) return false;
    // Bits of blanks, at which any walk ends.
    const masksEnd = this.#masksAt + Math.ceil(recordsBytes / 8);
    this.#bytes.fill(0xff, masksEnd, masksEnd + BLOCK_BYTES / 8);
    if (!isText) this.#stopAtForeignBytes();
    return true;
  }

  /** Takes records from the one at `at` on; `rowCount` rows are there already. */
  walk(at: number, rowCount: number): WalkEnd {
    const shift = this.#recordsAt - this.#recordsStart;
    this.#module.rowCount.value = rowCount;
    const end = this.#module.walkRecords(at + shift);
    return { at: Math.abs(end) - shift, isBehindRecord: end < 0 };
  }

  get rowCount(): number {
    return this.#module.rowCount.value;
  }

  get isFull(): boolean {
    return this.rowCount === this.#capacity;
  }

  get columns(): ColumnViews {
    return columnViewsAt(this.#module.memory.buffer, COLUMNS_AT, this.#capacity);
  }

  /** Whether the first pass takes the comma or bracket at `at` for one, and not for part of a string. */
  isStructure(at: number): boolean {
    const bit = at - this.#recordsStart;
    return (((this.#bytes[this.#masksAt + (bit >> 3)] as number) >> (bit & 7)) & 1) === 1;
  }

  /** Makes the walk stop before a record with bytes beyond ASCII, where they may be no UTF-8. */
  #stopAtForeignBytes(): void {
    const body = this.#body;
    let end = this.#recordsStart;
    while (end < body.length) {
      const start = end;
      end = Math.min(end + UTF8_SLICE_BYTES, body.length);
      while (end < body.length && (body[end] as number) >= NON_ASCII) end++;
      if (isUtf8(body.subarray(start, end))) continue;
      for (let at = start; at < end; at++) {
        const bit = at - this.#recordsStart;
        const mask = this.#masksAt + (bit >> 3);
        if ((body[at] as number) >= NON_ASCII) {
          this.#bytes[mask] = (this.#bytes[mask] as number) | (1 << (bit & 7));
        }
      }
    }
  }

  /** @returns the bytes written */
  #write(name: string, at: number): number {
    const bytes = Buffer.from(name);
    this.#bytes.set(bytes, at);
    return bytes.length;
  }
}

function wholeBlocks(at: number): number {
  return Math.ceil(at / BLOCK_BYTES) * BLOCK_BYTES;
}

function memoryOf(module: ScanModule, bytesNeeded: number): Uint8Array {
  const missing = bytesNeeded - module.memory.buffer.byteLength;
  if (missing > 0) module.memory.grow(Math.ceil(missing / WASM_PAGE_BYTES));
  return new Uint8Array(module.memory.buffer);
}
