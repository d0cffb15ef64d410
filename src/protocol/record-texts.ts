/** The records of a batch as the texts that they came in. */
import { type Batch, columnViews } from './batch.js';

/** Of the first rows, in the order of the page. @param countMax texts at most */
export function recordTexts(batch: Batch, countMax: number): string[] {
  const count = Math.min(batch.rowCount, countMax);
  return recordTextsAt(
    batch,
    Array.from({ length: count }, (_, row) => row),
  );
}

/** @param rows from 0 */
export function recordTextsAt(batch: Batch, rows: readonly number[]): string[] {
  const { recordStarts, recordEnds } = columnViews(batch.columns);
  const body = Buffer.from(batch.body, 0, batch.bodyBytes);
  return rows.map((row) => body.toString('utf8', recordStarts[row], recordEnds[row]));
}
