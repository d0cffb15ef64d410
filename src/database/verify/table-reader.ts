/**
 * Reads the table and the ledger within one snapshot, over one connection. A second one that shares
 * the snapshot and reads half of the table was tried: on two cores it gained nothing.
 */
import type { ClientBase, Pool } from 'pg';
import { asIngestionError } from '../connect.js';
import { streamCopy } from './copy-stream.js';
import { type RowColumns, RowDecoder } from './row-decoder.js';

const BEGIN = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';
const COPY_ROWS = 'COPY (SELECT id, occurred_at FROM ingested_events) TO STDOUT (FORMAT binary)';

export interface TableReader {
  /** Runs statements of the snapshot. @throws IngestionError with the fault of the database */
  ask<T>(use: (client: ClientBase) => Promise<T>): Promise<T>;
  /**
   * Streams `id` and `occurred_at` of every row, in no particular order.
   *
   * @param onRows must not keep the columns
   * @returns how many rows there were
   * @throws IngestionError with the fault of the database; what `onRows` throws
   */
  streamRows(onRows: (rows: RowColumns) => void): Promise<number>;
}

/** @throws IngestionError with the fault of the database; what `use` throws */
export async function withTableReader<T>(
  pool: Pool,
  use: (reader: TableReader) => Promise<T>,
): Promise<T> {
  const client = await asked(pool.connect());
  let isUsable = false;
  try {
    await asked(client.query(BEGIN));
    const result = await use(readerOver(client));
    await asked(client.query('COMMIT'));
    isUsable = true;
    return result;
  } finally {
    // After a failure its transaction may still be open: closing it ends that.
    client.release(!isUsable);
  }
}

function readerOver(client: ClientBase): TableReader {
  return {
    ask: (use) => asked(use(client)),
    async streamRows(onRows) {
      let rowsRead = 0;
      let bug: unknown;
      const decoder = new RowDecoder((rows) => {
        rowsRead += rows.rowCount;
        onRows(rows);
      });
      const take = (bytes: Buffer, start: number, end: number): void => {
        try {
          decoder.take(bytes, start, end);
        } catch (error) {
          bug = error;
          throw error;
        }
      };
      try {
        await streamCopy(client, COPY_ROWS, take);
      } catch (error) {
        throw bug ?? asIngestionError(error);
      }
      decoder.flush();
      return rowsRead;
    },
  };
}

async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw asIngestionError(error);
  }
}
