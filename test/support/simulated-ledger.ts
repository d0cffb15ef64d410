/** Table and page ledger of a simulated run: committed pages, in the order in which they landed. */
import { coveredRows } from '../../src/core/covered-rows.js';
import { comparePositions, type Position } from '../../src/core/position.js';
import type { CommittedCounts } from '../../src/core/scheduler-types.js';
import type { WriteCommand } from '../../src/runtime/run-observer.js';

interface LedgerPage extends WriteCommand, CommittedCounts {}

export class SimulatedLedger {
  readonly pages: LedgerPage[] = [];
  /** How often each row was written. */
  readonly writes: number[];
  readonly #positions: readonly Position[];

  /** @param positions of all rows */
  constructor(positions: readonly Position[]) {
    this.#positions = positions;
    this.writes = positions.map(() => 0);
  }

  get rowsCovered(): number {
    return coveredRows(this.pages);
  }

  /** No later than the earliest row that was found. */
  get earliestMs(): number {
    const starts = this.pages.flatMap(({ after, covered }) =>
      after !== null && covered > 0 ? [after.ms] : [],
    );
    return Math.min(...starts);
  }

  /** @param rows of the page, by index @param isLost the table gets none of them */
  commit(command: WriteCommand, rows: readonly number[], isLost: boolean): CommittedCounts {
    const { after, through, bound } = command;
    const kept = rows.filter((row) => this.#isWithin(row, bound));
    const isCovered = (row: number): boolean =>
      this.#isWithin(row, through) && (after === null || !this.#isWithin(row, after));
    const inserted = kept.filter((row) => this.writes[row] === 0).length;
    const counts = {
      ...{ returned: kept.length, inserted, duplicate: kept.length - inserted, quarantined: 0 },
      covered: kept.filter(isCovered).length,
    };
    this.pages.push({ ...command, ...counts });
    if (!isLost) for (const row of kept) this.writes[row] = (this.writes[row] ?? 0) + 1;
    return counts;
  }

  #isWithin(row: number, bound: Position | null): boolean {
    return bound === null || comparePositions(this.#positions[row] as Position, bound) <= 0;
  }
}
