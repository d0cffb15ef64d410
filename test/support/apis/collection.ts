/**
 * The records of one stream in the API's order. A record keeps its serial for life, so a place in the
 * order stays meaningful while records come and go.
 */
import type { ApiFaults, ApiOptions, JsonRecord } from './contract.js';
import { Draw } from './draw.js';

interface Entry {
  readonly serial: number;
  readonly record: JsonRecord;
}

export interface CollectionPlan {
  readonly make: (draw: Draw) => JsonRecord;
  /** The end of the order at which new records appear. */
  readonly newest: 'first' | 'last';
  readonly options: ApiOptions;
  /** The next page is found from the last record of this one: none may be empty. */
  readonly leadsByRecords?: boolean;
  /** In place of the count of the options. */
  readonly count?: number;
}

export interface Slice {
  readonly records: readonly JsonRecord[];
  /** Place behind these records; null: before the first. */
  readonly end: number | null;
  readonly hasMore: boolean;
}

const COUNT = 250;

export class Collection {
  readonly #plan: CollectionPlan;
  readonly #faults: ApiFaults;
  #entries: Entry[] = [];
  #serials = 0;
  #pages = 0;

  constructor(plan: CollectionPlan) {
    this.#plan = plan;
    this.#faults = plan.options.faults ?? {};
    this.add(plan.count ?? plan.options.count ?? COUNT);
  }

  /** In the API's order. */
  get records(): readonly JsonRecord[] {
    return this.#entries.map(({ record }) => record);
  }

  add(count: number): void {
    const { make, newest, options } = this.#plan;
    const added = Array.from({ length: count }, () => {
      const serial = this.#serials++;
      return { serial, record: make(new Draw(options.seed ?? 1, serial)) };
    });
    this.#entries =
      newest === 'last' ? [...this.#entries, ...added] : [...added.reverse(), ...this.#entries];
  }

  removeFirst(count: number): void {
    this.#entries.splice(0, count);
  }

  /** @returns the place of the record whose `field` is `value`; null: there is none */
  placeOf(field: string, value: string): number | null {
    const found = this.#entries.find(({ record }) => String(record[field]) === value);
    return found?.serial ?? null;
  }

  /** The record behind a place; null: the first. */
  next(place: number | null): JsonRecord | undefined {
    return this.#behind(place)[0]?.record;
  }

  /** Up to `size` records behind a place; null: from the start. */
  after(place: number | null, size: number, keep = (_: JsonRecord) => true): Slice {
    const rest = this.#behind(place).filter(({ record }) => keep(record));
    this.#pages++;
    const isEmpty = !this.#plan.leadsByRecords && this.#isTurnOf(this.#faults.emptyPageEvery);
    const taken = isEmpty ? [] : rest.slice(0, this.#sizeOf(size));
    return {
      records: taken.map(({ record }) => record),
      end: taken.at(-1)?.serial ?? place,
      hasMore: taken.length < rest.length,
    };
  }

  /** Up to `size` records from an offset on. @returns `end` as an offset */
  slice(offset: number, size: number, keep = (_: JsonRecord) => true): Slice & { total: number } {
    const kept = this.records.filter(keep);
    this.#pages++;
    const records = kept.slice(offset, offset + this.#sizeOf(size));
    const end = offset + records.length;
    return { records, end, hasMore: end < kept.length, total: kept.length };
  }

  #behind(place: number | null): readonly Entry[] {
    if (place === null) return this.#entries;
    const isLast = this.#plan.newest === 'last';
    return this.#entries.filter(({ serial }) => (isLast ? serial > place : serial < place));
  }

  #isTurnOf(every: number | undefined): boolean {
    return every !== undefined && this.#pages % every === 0;
  }

  #sizeOf(size: number): number {
    return this.#isTurnOf(this.#faults.shortPageEvery) ? Math.ceil(size / 2) : size;
  }
}
