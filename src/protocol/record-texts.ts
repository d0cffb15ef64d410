/** The records of a batch as the texts that they came in. */
import { type Batch, columnViews } from './batch.js';

/** Of the first rows, in the order of the page. @param countMax texts at most */
export function recordTexts(batch: Batch, countMax: number): string[] {
  const { recordStarts, recordEnds } = columnViews(batch.columns);
  const body = Buffer.from(batch.body, 0, batch.bodyBytes);
  return Array.from({ length: Math.min(batch.rowCount, countMax) }, (_, row) =>
    body.toString('utf8', recordStarts[row], recordEnds[row]),
  );
}
