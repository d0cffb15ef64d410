/** The rows of a simulated API: newest first, some of one instant, and those in an order that is drawn. */
import { comparePositions, type Position } from '../../src/core/position.js';
import { drawInteger, type Random } from './random.js';

/** Rows of one instant by id, or in no order. */
export type TieOrder = 'descending' | 'ascending' | 'none';

const FIRST_MS = 1_769_541_612_369;

export class SimulatedSource {
  /** In the order in which the API serves them. */
  readonly positions: readonly Position[];
  readonly #tieOrder: TieOrder;

  constructor(
    { rows, tieOrder, tieShare }: { rows: number; tieOrder: TieOrder; tieShare: number },
    random: Random,
  ) {
    this.#tieOrder = tieOrder;
    const drawn: Position[] = [];
    let ms = FIRST_MS;
    for (let row = 0; row < rows; row++) {
      if (random() > tieShare) ms -= drawInteger(random, 1, 1700);
      drawn.push({ ms, id: drawInteger(random, 0, 0xffffffff).toString(16).padStart(8, '0') });
    }
    const ofTies = { descending: 1, ascending: -1, none: 0 }[tieOrder];
    this.positions = drawn.sort((a, b) =>
      a.ms === b.ms ? ofTies * comparePositions(a, b) : b.ms - a.ms,
    );
  }

  /** Index of the first row that the API serves behind a place. */
  indexAfter({ ms, id }: Position): number {
    const first = this.#firstUpTo(ms);
    const end = this.#firstUpTo(ms - 1);
    const ties = this.positions.slice(first, end);
    const known = ties.findIndex((tie) => tie.id === id);
    if (known >= 0) return first + known + 1;
    if (this.#tieOrder === 'none') return end;
    const isBehind = (tie: Position): boolean =>
      this.#tieOrder === 'descending' ? tie.id < id : tie.id > id;
    const next = ties.findIndex(isBehind);
    return next < 0 ? end : first + next;
  }

  /** Index of the first row that is no later than an instant. */
  #firstUpTo(ms: number): number {
    let low = 0;
    let high = this.positions.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.positions[middle] as Position).ms > ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
