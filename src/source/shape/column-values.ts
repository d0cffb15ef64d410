/**
 * What columns the fields at the top of records may become: each with the types that its values seem to be of, the
 * narrowest first. PostgreSQL has the last word on which of them takes all values. Pure.
 */
import type { FieldKind } from '../../protocol/record-facts.js';
import type { ColumnType } from '../../protocol/record-target.js';
import { fieldKindOf } from './field-kind.js';

const DATE = /^\d{4}-\d\d-\d\d$/;
const TIME = /^\d\d:\d\d(?::\d\d(?:\.\d+)?)?$/;
/** Of objects, for their comment: names that need no quotes. */
const INNER_MAX = 5;
const PLAIN_NAME = /^[\p{L}\p{N}_-]+$/u;

export interface FieldValues {
  readonly name: string;
  /** Records that have a value there which is not null. */
  readonly filled: number;
  /** Of these, how many of each kind. */
  readonly kinds: Readonly<Partial<Record<FieldKind, number>>>;
  /** Types that may take all of them; empty: there are none, or they are objects or lists. */
  readonly candidates: readonly ColumnType[];
  /** Names in its objects; at most five. */
  readonly inner: readonly string[];
}

interface Tally {
  filled: number;
  readonly kinds: Map<FieldKind, number>;
  readonly inner: Set<string>;
  dates: number;
  times: number;
  empty: number;
}

/** @param records as `JSON.parse` gives them @returns in the order in which the fields first came */
export function fieldValues(records: readonly unknown[]): FieldValues[] {
  const tallies = new Map<string, Tally>();
  for (const record of records) {
    if (fieldKindOf(record) !== 'object') continue;
    for (const [name, value] of Object.entries(record as object)) {
      const tally = tallies.get(name) ?? newTally();
      tallies.set(name, tally);
      count(tally, value);
    }
  }
  return [...tallies].map(([name, tally]) => ({
    name,
    filled: tally.filled,
    kinds: Object.fromEntries(tally.kinds),
    candidates: candidatesOf(tally),
    inner: [...tally.inner].filter((inner) => PLAIN_NAME.test(inner)).slice(0, INNER_MAX),
  }));
}

function newTally(): Tally {
  return { filled: 0, kinds: new Map(), inner: new Set(), dates: 0, times: 0, empty: 0 };
}

function count(tally: Tally, value: unknown): void {
  const kind = fieldKindOf(value);
  if (kind === 'null') return;
  tally.filled++;
  tally.kinds.set(kind, (tally.kinds.get(kind) ?? 0) + 1);
  if (kind === 'object') for (const name of Object.keys(value as object)) tally.inner.add(name);
  if (typeof value !== 'string') return;
  if (DATE.test(value)) tally.dates++;
  if (TIME.test(value)) tally.times++;
  if (value === '') tally.empty++;
}

function candidatesOf({ filled, kinds, dates, times, empty }: Tally): ColumnType[] {
  if (filled === 0 || kinds.has('object') || kinds.has('list')) return [];
  const are = (...wanted: readonly FieldKind[]): boolean =>
    [...kinds.keys()].every((kind) => wanted.includes(kind));
  if (are('bool')) return ['bool', 'text'];
  if (are('integer')) return ['bigint', 'decimal', 'text'];
  if (are('integer', 'decimal')) return ['double', 'decimal', 'text'];
  if (dates === filled) return ['date', 'text'];
  if (times === filled) return ['time', 'text'];
  // An empty text is no instant, and is read as none.
  const isInstant = are('instant', 'text') && (kinds.get('text') ?? 0) === empty;
  return isInstant && kinds.has('instant') ? ['timestamp', 'text'] : ['text'];
}
