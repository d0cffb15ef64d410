/**
 * What the records of a session look like, told from some of those that the writer gets: the ones that
 * PostgreSQL then refuses are among them, and those whose row is there already.
 *
 * To parse a record costs far more than to store it, so a share of the bytes is parsed, spread over each page; of
 * a stream that is no larger than `BYTES_AT_FIRST` nearly all.
 */
import type { Batch } from '../../src/protocol/batch.js';
import type { RecordFacts } from '../../src/protocol/record-facts.js';
import { recordTextsAt } from '../../src/protocol/record-texts.js';
import { RecordShape } from '../../src/source/shape/record-shape.js';

const BYTES_AT_FIRST = 1_048_576;
const SHARE_OF_BYTES = 1 / 400;
/** What other pages wait for is some milliseconds at most. */
const BYTES_OF_PAGE_MAX = 262_144;

export class ObservedRecords {
  readonly #shape = new RecordShape();
  #bytesSeen = 0;
  #bytesParsed = 0;

  observe(batch: Batch): void {
    for (const text of recordTextsAt(batch, this.#choose(batch))) {
      this.#bytesParsed += text.length;
      const record = parsed(text);
      if (record !== undefined) this.#shape.observe(record);
    }
  }

  facts(): RecordFacts {
    return this.#shape.facts();
  }

  /** Rows from 0, ascending. A record larger than what is left is taken all the same, and paid for by later ones. */
  #choose({ rowCount, bodyBytes }: Batch): number[] {
    this.#bytesSeen += bodyBytes;
    const left = BYTES_AT_FIRST + this.#bytesSeen * SHARE_OF_BYTES - this.#bytesParsed;
    if (rowCount === 0 || left <= 0) return [];
    const rowBytes = Math.max(1, bodyBytes / rowCount);
    const wanted = Math.ceil(Math.min(left, BYTES_OF_PAGE_MAX) / rowBytes);
    const count = Math.min(rowCount, wanted);
    return Array.from({ length: count }, (_, nth) => Math.floor(((nth + 0.5) * rowCount) / count));
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Of other bytes than UTF-8, or no JSON: quarantine has the reason.
    return undefined;
  }
}
