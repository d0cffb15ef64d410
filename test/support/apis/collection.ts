/**
 * The records of one stream in the API's order. A record keeps its serial for life, so a place in the
 * order stays meaningful while records come and go.
 */
import type { ApiFaults, ApiOptions, JsonRecord, JsonValue } from './contract.js';
import { Draw, FIRST_MS } from './draw.js';

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

/** Which records, and in which order, where it is not the API's own. */
export interface View {
  readonly keep?: (record: JsonRecord) => boolean;
  /** By an instant of the records, ISO 8601 or epoch seconds, and then by serial. */
  readonly by?: string;
  readonly newest?: 'first' | 'last';
}

const COUNT = 250;
/** Behind all that the first records tell of. */
const LATER_MS = 40 * 86_400_000;
/** Of places in the order of an instant; none has more records. */
const SERIALS_MAX = 65_536;

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

  add(count: number, laterMs = 0): void {
    const { make, newest } = this.#plan;
    const added = Array.from({ length: count }, () => {
      const draw = this.#draw(laterMs);
      return { serial: draw.serial, record: make(draw) };
    });
    this.#entries =
      newest === 'last' ? [...this.#entries, ...added] : [...added.reverse(), ...this.#entries];
  }

  /** New records, made behind all that the others tell of. */
  grow(count: number): void {
    this.add(count, LATER_MS);
  }

  /** Changes the records that came first, behind all that are there. @param fields that then differ */
  change(count: number, fields: (draw: Draw) => JsonRecord): void {
    const oldest = this.#entries.toSorted((a, b) => a.serial - b.serial).slice(0, count);
    const changed = new Map(oldest.map(({ serial }) => [serial, fields(this.#draw(LATER_MS))]));
    this.#entries = this.#entries.map(({ serial, record }) => ({
      serial,
      record: { ...record, ...changed.get(serial) },
    }));
  }

  removeFirst(count: number): void {
    this.#entries.splice(0, count);
  }

  /** @returns the place of the record whose `field` is `value`; null: there is none */
  placeOf(field: string, value: string, view: View = {}): number | null {
    const found = this.#entries.find(({ record }) => String(record[field]) === value);
    return found === undefined ? null : placeIn(view, found);
  }

  /** The record behind a place; null: the first. */
  next(place: number | null, view: View = {}): JsonRecord | undefined {
    return this.#behind(place, view)[0]?.record;
  }

  /** Up to `size` records behind a place of the view; null: from the start. */
  after(place: number | null, size: number, view: View = {}): Slice {
    const rest = this.#behind(place, view);
    this.#pages++;
    const isEmpty = !this.#plan.leadsByRecords && this.#isTurnOf(this.#faults.emptyPageEvery);
    const taken = isEmpty ? [] : rest.slice(0, this.#sizeOf(size));
    const last = taken.at(-1);
    return {
      records: taken.map(({ record }) => record),
      end: last === undefined ? place : placeIn(view, last),
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

  #behind(place: number | null, view: View): readonly Entry[] {
    const { keep = () => true, newest = this.#plan.newest } = view;
    const sign = newest === 'last' ? 1 : -1;
    return this.#entries
      .filter(({ record }) => keep(record))
      .map((entry) => ({ entry, at: sign * placeIn(view, entry) }))
      .filter(({ at }) => place === null || at > sign * place)
      .toSorted((a, b) => a.at - b.at)
      .map(({ entry }) => entry);
  }

  #draw(laterMs: number): Draw {
    return new Draw(this.#plan.options.seed ?? 1, this.#serials++, laterMs);
  }

  #isTurnOf(every: number | undefined): boolean {
    return every !== undefined && this.#pages % every === 0;
  }

  #sizeOf(size: number): number {
    return this.#isTurnOf(this.#faults.shortPageEvery) ? Math.ceil(size / 2) : size;
  }
}

function placeIn({ by }: View, { serial, record }: Entry): number {
  if (by === undefined) return serial;
  return (instantMs(record[by]) - FIRST_MS) * SERIALS_MAX + serial;
}

function instantMs(value: JsonValue | undefined): number {
  return typeof value === 'number' ? value * 1000 : Date.parse(String(value));
}
