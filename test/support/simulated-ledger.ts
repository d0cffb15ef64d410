/** The page ledger of a simulated run: committed pages, in the order in which they landed. */
import { coveredRows } from '../../src/core/covered-rows.js';
import { comparePositions, type Position } from '../../src/core/position.js';
import type { CoveredInterval } from '../../src/core/resume.js';

interface LedgerPage extends CoveredInterval {
  /** Indexes of the rows that it wrote. */
  readonly rows: readonly number[];
}

export class SimulatedLedger {
  readonly pages: LedgerPage[] = [];
  readonly #positions: readonly Position[];

  /** @param positions of all rows */
  constructor(positions: readonly Position[]) {
    this.#positions = positions;
  }

  get rowsWritten(): number {
    return this.pages.reduce((sum, page) => sum + page.rows.length, 0);
  }

  isWithin(row: number, bound: Position | null): boolean {
    return bound === null || comparePositions(this.#positions[row] as Position, bound) <= 0;
  }

  /** Rows in the table, as the program counts them. */
  countCovered(): number {
    const counted = this.pages.map((page) => {
      const { after, through } = page;
      const covered = page.rows.filter(
        (row) => this.isWithin(row, through) && (after === null || !this.isWithin(row, after)),
      );
      return { ...page, covered: covered.length };
    });
    return coveredRows(counted);
  }
}
