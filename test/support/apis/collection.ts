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
    for (let added = 0; added < count; added++) {
      const serial = this.#serials++;
      const entry = { serial, record: make(new Draw(options.seed ?? 1, serial)) };
      if (newest === 'last') this.#entries.push(entry);
      else this.#entries.unshift(entry);
    }
  }

  removeFirst(count: number): void {
    this.#entries.splice(0, count);
  }

  /** @returns the place of the record whose `field` is `value`; null: there is none */
  placeOf(field: string, value: string): number | null {
    const found = this.#entries.find(({ record }) => String(record[field]) === value);
    return found?.serial ?? null;
  }

  /** Up to `size` records behind a place; null: from the start. */
  after(place: number | null, size: number, keep = (_: JsonRecord) => true): Slice {
    const isBehind = ({ serial }: Entry) =>
      place === null || (this.#plan.newest === 'last' ? serial > place : serial < place);
    const rest = this.#entries.filter((entry) => isBehind(entry) && keep(entry.record));
    const isEmpty = this.#isTurnOf(this.#faults.emptyPageEvery);
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

  #isTurnOf(every: number | undefined): boolean {
    this.#pages++;
    return every !== undefined && this.#pages % every === 0;
  }

  #sizeOf(size: number): number {
    const { shortPageEvery } = this.#faults;
    const isShort = shortPageEvery !== undefined && this.#pages % shortPageEvery === 0;
    return isShort ? Math.ceil(size / 2) : size;
  }
}
