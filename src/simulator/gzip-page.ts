/**
 * Compressed pages at the cost of their envelope.
 *
 * One gzip member is built of two deflate pieces: the rows, compressed once with a sync flush (the
 * stream stays open at a byte boundary), and the envelope of this answer, which closes it.
 *
 *   header │ rows, deflated, flushed │ envelope, deflated, final │ CRC-32 of both │ length of both
 */
import { constants, crc32, deflateRawSync } from 'node:zlib';

/** RFC 1952: magic, deflate, no flags, no time, no extra flags, unknown system. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
const LEVEL = 1;

/** The open first piece of a gzip member. */
export interface DeflatedRows {
  /** Header included. */
  readonly bytes: Buffer;
  readonly crc: number;
  readonly plainBytes: number;
}

export function deflateRows(rows: Buffer): DeflatedRows {
  const deflated = deflateRawSync(rows, { level: LEVEL, finishFlush: constants.Z_SYNC_FLUSH });
  return {
    bytes: Buffer.concat([HEADER, deflated]),
    crc: crc32(rows),
    plainBytes: rows.length,
  };
}

/** The last piece: the envelope and the member's trailer. */
export function deflateEnvelope(rows: DeflatedRows, envelope: Buffer): Buffer {
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(envelope, rows.crc), 0);
  trailer.writeUInt32LE((rows.plainBytes + envelope.length) >>> 0, 4);
  return Buffer.concat([deflateRawSync(envelope, { level: LEVEL }), trailer]);
}
