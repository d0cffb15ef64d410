/** Some records of a page, parsed: what the types of a new table's keys are told from. */
import { type Batch, columnViews } from '../../src/protocol/batch.js';

const RECORDS_MAX = 100;

/** Those that are JSON. */
export function sampleRecords(batch: Batch): unknown[] {
  const { recordStarts, recordEnds } = columnViews(batch.columns);
  const body = Buffer.from(batch.body, 0, batch.bodyBytes);
  return Array.from({ length: Math.min(batch.rowCount, RECORDS_MAX) }).flatMap((_, row) => {
    try {
      return [JSON.parse(body.toString('utf8', recordStarts[row], recordEnds[row]))];
    } catch {
      return [];
    }
  });
}
