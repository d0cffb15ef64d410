/** Writes an export into a file or a stream, with its progress; shared by `export-ids` and `submit`. */
import type { Pool } from 'pg';
import { exportRows } from '../../database/export/export-rows.js';
import type { ExportSink, Written } from '../../database/export/export-sink.js';
import type { ExportFormat, ExportOrder } from '../../database/export/export-sql.js';
import { CountProgress } from '../../observe/count-progress.js';
import { whileShown } from '../../observe/progress.js';
import type { StreamTable } from '../../postgres/stream-table.js';
import { nowMs } from '../../runtime/clock.js';
import { outputFailure } from './open-output.js';

export interface WriteSettings {
  readonly sink: ExportSink;
  /** Its name, for people. */
  readonly output: string;
  readonly table: StreamTable;
  readonly format: ExportFormat;
  readonly order: ExportOrder;
  /** Rows to come; null: not known. */
  readonly expected: number | null;
  readonly isQuiet: boolean;
  /** Ends the process when a signal breaks the export off. */
  readonly leave: () => never;
  /** Called before the file takes its name; what it throws leaves nothing behind. */
  readonly check: (rows: number) => void;
}

export interface Exported extends Written {
  readonly rows: number;
  readonly durationMs: number;
}

/**
 * @throws IngestionError with the fault of the database; UserError when the output cannot be
 *   written; what `check` throws
 */
export async function writeRows(pool: Pool, settings: WriteSettings): Promise<Exported> {
  const { sink, output, table, format, order, expected, isQuiet } = settings;
  const startedAtMs = nowMs();
  const count = new CountProgress({
    what: 'asking for the rows',
    unit: 'rows',
    nowMs: startedAtMs,
  });
  const stopListening = abandonOnSignal(sink, settings.leave);
  try {
    return await whileShown({ render: () => count.render(nowMs()), isQuiet }, async () => {
      const onProgress = (rows: number): void => count.seen(rows, expected);
      const rows = await exportRows(pool, { table, format, order, sink, onProgress });
      settings.check(rows);
      const written = await sink.finish();
      return { ...written, rows, durationMs: Math.round(nowMs() - startedAtMs) };
    });
  } catch (error) {
    sink.abandon();
    throw outputFailure(error, output) ?? error;
  } finally {
    stopListening();
  }
}

/** An export that is broken off leaves no half of a file. */
function abandonOnSignal(sink: ExportSink, leave: () => never): () => void {
  const onSignal = (): void => {
    sink.abandon();
    leave();
  };
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  return () => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
}
