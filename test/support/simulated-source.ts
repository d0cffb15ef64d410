/**
 * The rows of a simulated API, in the order in which it serves them. A row is a number that it keeps; the
 * source may grow at either end while it is read.
 */
import { comparePositions, type Position } from '../../src/paging/position.js';
import { drawInteger, type Random } from './random.js';

/** Rows of one instant by id, or in no order. */
export type TieOrder = 'descending' | 'ascending' | 'none';

/**
 * By instant; newest first twice, as two shards one behind the other; by nothing that rows show; or rows
 * that show no instant.
 */
export type Sorting = 'newestFirst' | 'ascending' | 'shards' | 'none' | 'untimed';

export interface SourceSettings {
  /** At the beginning of the run. */
  readonly rows: number;
  readonly sorting: Sorting;
  readonly tieOrder: TieOrder;
  /** Share of rows that have the instant of the row before. */
  readonly tieShare: number;
}

const FIRST_MS = 1_769_541_612_369;

export class SimulatedSource {
  /** By row. */
  readonly positions: Position[] = [];
  readonly #settings: SourceSettings;
  /** Rows in the order in which the API serves them. */
  readonly #served: number[];

  constructor(settings: SourceSettings, random: Random) {
    this.#settings = settings;
    const { rows, sorting, tieOrder, tieShare } = settings;
    let ms = FIRST_MS;
    for (let row = 0; row < rows; row++) {
      if (random() > tieShare) ms -= drawInteger(random, 1, 1700);
      this.positions.push({ ms, id: drawId(random) });
    }
    const ofTies = { descending: 1, ascending: -1, none: 0 }[tieOrder];
    this.positions.sort((a, b) => (a.ms === b.ms ? ofTies * comparePositions(a, b) : b.ms - a.ms));
    this.#served = this.positions.map((_, row) => row);
    if (sorting === 'ascending') this.#served.reverse();
    if (sorting === 'shards') {
      const shard = this.#served.map(() => random() < 0.5);
      this.#served.sort((a, b) => Number(shard[a]) - Number(shard[b]) || a - b);
    }
    if (sorting === 'none') shuffle(this.#served, random);
  }

  get size(): number {
    return this.#served.length;
  }

  /** A new row, before all others or behind them. */
  grow(isAtStart: boolean, random: Random): void {
    const instants = this.positions.map(({ ms }) => ms);
    const isNewest = isAtStart === (this.#settings.sorting !== 'ascending');
    const ms = isNewest
      ? Math.max(FIRST_MS, ...instants) + drawInteger(random, 1, 1700)
      : Math.min(FIRST_MS, ...instants) - drawInteger(random, 1, 1700);
    const row = this.positions.push({ ms, id: drawId(random) }) - 1;
    if (isAtStart) this.#served.unshift(row);
    else this.#served.push(row);
  }

  /** Some new rows of a source that is newest first: some of the instant of its newest, the others before all. */
  growAtStart(rowsMax: number, random: Random): void {
    const rows = drawInteger(random, 0, rowsMax);
    for (let nth = 0; nth < rows; nth++) {
      if (random() < this.#settings.tieShare) this.#growNewestInstant(random);
      else this.grow(true, random);
    }
  }

  #growNewestInstant(random: Random): void {
    const newest = this.positions[this.#served[0] ?? -1];
    if (newest === undefined) return this.grow(true, random);
    const { ms } = newest;
    const at = { ms, id: drawId(random) };
    const isBefore = (row: number): boolean => {
      const other = this.positions[row] as Position;
      return other.ms === ms && this.#isTieBehind(at, other);
    };
    const place = this.#served.findIndex((row) => !isBefore(row));
    const row = this.positions.push(at) - 1;
    this.#served.splice(place < 0 ? this.#served.length : place, 0, row);
  }

  #isTieBehind(tie: Position, place: Position): boolean {
    const { tieOrder } = this.#settings;
    if (tieOrder === 'none') return false;
    return tieOrder === 'descending' ? tie.id < place.id : tie.id > place.id;
  }

  /** The rows that the API serves, in its order. @param beforeMs only those before an instant */
  served(beforeMs = Number.POSITIVE_INFINITY): readonly number[] {
    if (beforeMs === Number.POSITIVE_INFINITY) return this.#served;
    return this.#served.filter((row) => (this.positions[row] as Position).ms < beforeMs);
  }

  /** Whether a place that no row has is found by leaving out what is not behind it. */
  get isFiltered(): boolean {
    return this.#settings.sorting === 'shards';
  }

  /** Null: no row has that place. */
  indexOf({ id }: Position, served = this.served()): number | null {
    const index = served.findIndex((row) => this.positions[row]?.id === id);
    return index < 0 ? null : index;
  }

  /**
   * Place of the first row that the API serves behind a place; null: it does not find it, which happens
   * where rows are in no order and none has its id.
   */
  indexAfter(place: Position, beforeMs?: number): number | null {
    const served = this.served(beforeMs);
    const known = this.indexOf(place, served);
    if (known !== null) return known + 1;
    const { sorting } = this.#settings;
    if (sorting === 'none' || sorting === 'untimed') return null;
    const isBehind = (row: number): boolean => {
      const at = this.positions[row] as Position;
      if (at.ms === place.ms) return this.#isTieBehind(at, place);
      return sorting === 'ascending' ? at.ms > place.ms : at.ms < place.ms;
    };
    const index = served.findIndex(isBehind);
    return index < 0 ? served.length : index;
  }
}

/** The places that the rows of a page show. */
export function spanOf(positions: readonly Position[]) {
  const isDescending = positions.every(
    ({ ms }, index) => ms <= (positions[index - 1]?.ms ?? Number.POSITIVE_INFINITY),
  );
  const [firstPosition = null] = positions;
  return { firstPosition, lastPosition: positions.at(-1) ?? null, isDescending };
}

function drawId(random: Random): string {
  return drawInteger(random, 0, 0xffffffff).toString(16).padStart(8, '0');
}

function shuffle(rows: number[], random: Random): void {
  for (let index = rows.length - 1; index > 0; index--) {
    const other = drawInteger(random, 0, index);
    [rows[index], rows[other]] = [rows[other] as number, rows[index] as number];
  }
}
