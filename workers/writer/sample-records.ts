/** Some records of a page, parsed: what the types of a new table's keys are told from. */
import type { Batch } from '../../src/protocol/batch.js';
import { recordTexts } from '../../src/protocol/record-texts.js';

const RECORDS_MAX = 100;

/** Those that are JSON. */
export function sampleRecords(batch: Batch): unknown[] {
  return recordTexts(batch, RECORDS_MAX).flatMap((text) => {
    try {
      return [JSON.parse(text)];
    } catch {
      return [];
    }
  });
}
