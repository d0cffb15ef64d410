/**
 * Rows of `COPY (SELECT id, occurred_at …) TO STDOUT (FORMAT binary)`, decoded into columns that are
 * used over and over: no object is made per row.
 *
 *   row  │ 2 fields │ 16 │ id … │ 8 │ microseconds since 2000-01-01 │     or −1 for NULL
 *        └ int16    └ int32     └ int32
 *
 * Source: PostgreSQL documentation, COPY, "Binary Format". The server sends one message a row.
 */
import { assert } from '../../core/fault.js';

export interface RowColumns {
  readonly rowCount: number;
  /** 16 bytes a row. */
  readonly ids: Uint8Array;
  /** NaN: NULL. The infinities of PostgreSQL become an instant that no API can send. */
  readonly occurredAtMs: Float64Array;
  /** What the instant has beyond whole milliseconds, 0 to 999. */
  readonly fractionUs: Uint16Array;
}

const ROWS_MAX = 4096;
const SIGNATURE_BYTES = 11;
const TRAILER_BYTES = 2;
const UNTIMED_ROW_BYTES = 2 + 4 + 16 + 4;
const TIMED_ROW_BYTES = UNTIMED_ROW_BYTES + 8;
const EPOCH_2000_MS = 946_684_800_000;
/** Above this a count of microseconds is no longer exact as a double. */
const HIGH_WORD_EXACT_MAX = 0x1f_ffff;
const INFINITY_MS = 1e17;
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

export class RowDecoder {
  readonly #onRows: (rows: RowColumns) => void;
  readonly #ids = new Uint8Array(ROWS_MAX * 16);
  readonly #occurredAtMs = new Float64Array(ROWS_MAX);
  readonly #fractionUs = new Uint16Array(ROWS_MAX);
  #rowCount = 0;
  #hasHeader = false;

  /** @param onRows must not keep the columns */
  constructor(onRows: (rows: RowColumns) => void) {
    this.#onRows = onRows;
  }

  /** Takes the payload of one message, `bytes[start, end)`. */
  take(bytes: Buffer, start: number, end: number): void {
    const at = this.#hasHeader ? start : this.#skipHeader(bytes, start);
    if (end - at === TIMED_ROW_BYTES) this.#add(bytes, at, true);
    else if (end - at === UNTIMED_ROW_BYTES) this.#add(bytes, at, false);
    else assert(end === at || end - at === TRAILER_BYTES, 'a message of COPY holds one row');
  }

  /** Gives what is decoded so far; called after the last message too. */
  flush(): void {
    if (this.#rowCount === 0) return;
    const rowCount = this.#rowCount;
    this.#rowCount = 0;
    const columns = { ids: this.#ids, occurredAtMs: this.#occurredAtMs };
    this.#onRows({ rowCount, ...columns, fractionUs: this.#fractionUs });
  }

  #add(bytes: Buffer, at: number, isTimed: boolean): void {
    const row = this.#rowCount++;
    const ids = this.#ids;
    for (let i = 0, from = at + 6, to = row * 16; i < 16; i++) ids[to++] = bytes[from++] as number;
    if (isTimed) this.#addInstant(row, bytes, at + UNTIMED_ROW_BYTES);
    else {
      this.#occurredAtMs[row] = Number.NaN;
      this.#fractionUs[row] = 0;
    }
    if (this.#rowCount === ROWS_MAX) this.flush();
  }

  #addInstant(row: number, bytes: Buffer, at: number): void {
    const high = bytes.readInt32BE(at);
    if (Math.abs(high) >= HIGH_WORD_EXACT_MAX) return this.#addFarInstant(row, bytes, at);
    const micros = high * 4_294_967_296 + bytes.readUInt32BE(at + 4);
    const ms = Math.floor(micros / 1000);
    this.#occurredAtMs[row] = ms + EPOCH_2000_MS;
    this.#fractionUs[row] = micros - ms * 1000;
  }

  #addFarInstant(row: number, bytes: Buffer, at: number): void {
    const micros = bytes.readBigInt64BE(at);
    const isInfinite = micros === INT64_MAX || micros === INT64_MIN;
    const fraction = ((micros % 1000n) + 1000n) % 1000n;
    this.#occurredAtMs[row] = isInfinite
      ? Math.sign(Number(micros)) * INFINITY_MS
      : Number((micros - fraction) / 1000n) + EPOCH_2000_MS;
    this.#fractionUs[row] = isInfinite ? 0 : Number(fraction);
  }

  /** Signature, flags, and an extension of a length of its own. */
  #skipHeader(bytes: Buffer, start: number): number {
    assert(bytes.toString('latin1', start, start + 6) === 'PGCOPY', 'COPY begins by its signature');
    this.#hasHeader = true;
    const extensionAt = start + SIGNATURE_BYTES + 4;
    return extensionAt + 4 + bytes.readUInt32BE(extensionAt);
  }
}
