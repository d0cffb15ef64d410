/** Writes an export into a file or a stream, with its progress; shared by `export-ids` and `submit`. */
import type { Pool } from 'pg';
import { exportRows } from '../database/export/export-rows.js';
import type { ExportSink, Written } from '../database/export/export-sink.js';
import type { ExportFormat, ExportOrder } from '../database/export/export-sql.js';
import { CountProgress } from '../observe/count-progress.js';
import { Progress, progressMode } from '../observe/progress.js';
import { nowMs } from '../runtime/clock.js';
import { CommandFailure } from './context.js';
import { EXIT } from './exit-codes.js';

export interface WriteSettings {
  readonly sink: ExportSink;
  readonly format: ExportFormat;
  readonly order: ExportOrder;
  /** Rows to come; null: not known. */
  readonly expected: number | null;
  readonly isQuiet: boolean;
  /** Called before the file takes its name; what it throws leaves nothing behind. */
  readonly check: (rows: number) => void;
}

export interface Exported extends Written {
  readonly rows: number;
  readonly durationMs: number;
}

/**
 * @throws IngestionError with the fault of the database; CommandFailure when the output cannot be
 *   written; what `check` throws
 */
export async function writeRows(pool: Pool, settings: WriteSettings): Promise<Exported> {
  const { sink, format, order, expected } = settings;
  const startedAtMs = nowMs();
  const count = new CountProgress({
    what: 'asking for the rows',
    unit: 'rows',
    nowMs: startedAtMs,
  });
  const progress = new Progress({
    stream: process.stderr,
    mode: progressMode(process.stderr, settings.isQuiet),
    render: () => count.render(nowMs()),
  });
  const stopListening = abandonOnSignal(sink);
  progress.start();
  try {
    const onProgress = (rows: number): void => count.seen(rows, expected);
    const rows = await exportRows(pool, { format, order, sink, onProgress });
    settings.check(rows);
    const written = await sink.finish();
    return { ...written, rows, durationMs: Math.round(nowMs() - startedAtMs) };
  } catch (error) {
    sink.abandon();
    throw outputFailure(error) ?? error;
  } finally {
    progress.stop();
    stopListening();
  }
}

/** An export that is broken off leaves no half of a file. */
function abandonOnSignal(sink: ExportSink): () => void {
  const onSignal = (): void => {
    sink.abandon();
    process.exit(EXIT.interrupted);
  };
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  return () => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
}

/** @returns null when the error is none of the file system's or the pipe's */
export function outputFailure(error: unknown): CommandFailure | null {
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  const where = path === undefined ? '' : `: ${path}`;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new CommandFailure(`The disk is full${where}: make room and start again.`);
    case 'EPIPE':
      return new CommandFailure('The reader of the output has gone before its end.');
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new CommandFailure(`The output may not be written here${where}.`, EXIT.usage);
    case 'ENOENT':
    case 'ENOTDIR':
    case 'EISDIR':
      return new CommandFailure(`The output cannot be made (${code})${where}.`, EXIT.usage);
    default:
      return syscall === 'write' || syscall === 'rename' || syscall === 'fsync'
        ? new CommandFailure(`The output cannot be written (${code})${where}.`)
        : null;
  }
}
