/**
 * Streams the rows of a table out of one snapshot, in constant memory: what the sink does
 * not take yet holds the server back.
 *
 *   COPY … TO STDOUT ──row──▶ blocks of 256 kB ──▶ sink (hash, gzip, file)
 *        ◀── socket paused while the sink is full ──┘
 */
import type { Pool } from 'pg';
import { LONG_SILENCE_MS } from '../../postgres/client.js';
import type { StreamTable } from '../../postgres/stream-table.js';
import { asIngestionError } from '../connect.js';
import { inSnapshot } from '../transaction.js';
import { streamCopy } from './copy-stream.js';
import {
  AS_ROWS_LIE,
  EXPORT_SETTINGS,
  type ExportFormat,
  type ExportOrder,
  exportHead,
  exportStatement,
  SORT_UNLESS_VACUUMED,
} from './export-sql.js';
import { RowBlocks } from './row-blocks.js';

/** Where rows go. */
export interface RowSink {
  /** @returns null when more may come at once, else when it may; rejects when nothing can be written */
  write(bytes: Buffer): Promise<void> | null;
}

export interface ExportSettings {
  readonly table: StreamTable;
  readonly format: ExportFormat;
  readonly order: ExportOrder;
  readonly sink: RowSink;
  /** Told of the rows so far, a few times a second. */
  readonly onProgress?: (rows: number) => void;
}

/**
 * @returns how many rows were written to the sink
 * @throws IngestionError with the fault of the database; what the sink rejects with
 */
export async function exportRows(pool: Pool, settings: ExportSettings): Promise<number> {
  const { table, format, order, sink, onProgress } = settings;
  const outflow = new Outflow(sink);
  const blocks = new RowBlocks((block) => outflow.push(block));
  let rows = 0;
  const onRow = (bytes: Buffer, start: number, end: number): void => {
    rows++;
    blocks.add(bytes, start, end);
  };
  const hold = (): Promise<void> | null => {
    onProgress?.(rows);
    return outflow.take();
  };
  const head = Buffer.from(exportHead(table, format));
  blocks.add(head, 0, head.length);
  try {
    await inSnapshot(pool, async (client) => {
      await client.query(EXPORT_SETTINGS);
      if (order === 'ingested') await client.query(AS_ROWS_LIE);
      if (format === 'ids' && order === 'id')
        await client.query(SORT_UNLESS_VACUUMED, [table.qualified]);
      await streamCopy(client, exportStatement(table, format, order), onRow, {
        hold,
        firstRowMs: LONG_SILENCE_MS,
      });
    });
    blocks.flush();
    await outflow.take();
  } catch (error) {
    // A full disk breaks the connection too: the reason is told, not its effect.
    throw outflow.failure?.reason ?? asIngestionError(error);
  }
  return rows;
}

/** What is on its way into the sink. */
class Outflow {
  readonly #sink: RowSink;
  #pending: Promise<void> | null = null;
  #failure: { readonly reason: unknown } | null = null;

  constructor(sink: RowSink) {
    this.#sink = sink;
  }

  get failure(): { readonly reason: unknown } | null {
    return this.#failure;
  }

  push(block: Buffer): void {
    const waiting = this.#sink.write(block);
    if (waiting === null) return;
    const noted = waiting.catch((reason: unknown) => {
      this.#failure ??= { reason };
      throw reason;
    });
    // One that fails before it is waited for must not end the process.
    noted.catch(() => {});
    const earlier = this.#pending;
    this.#pending = earlier === null ? noted : earlier.then(() => noted);
    this.#pending.catch(() => {});
  }

  /** What must be waited for before more may come. */
  take(): Promise<void> | null {
    const pending = this.#pending;
    this.#pending = null;
    return pending;
  }
}
