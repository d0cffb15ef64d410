/**
 * What is known of the fields of a stream from run to run, and how the records of a session differ from it. Pure.
 *
 *   known fields + facts of a session ──▶ known fields, changes
 *
 * A field is new where no run before had it, and of another type where a kind comes that it never had. It has
 * vanished where nearly all that could have it had it when it was last counted, and of enough that were looked at
 * since none has: a field that is often absent, and a run of few records, say nothing. What was said is known
 * from then on, so that nothing is said twice.
 */
import type { FieldFacts, FieldKind, RecordFacts } from '../../protocol/record-facts.js';
import { isCovered } from './field-kind.js';
import { NAMES_MAX } from './record-shape.js';

/** Of fewer, nothing is said to have vanished. */
export const SEEN_MIN = 20;
/** Of those that could have a field, when it was last counted. */
const SHARE_MIN = 0.99;
/** Beyond it those that were not seen for longest are forgotten. */
const KNOWN_MAX = 2_000;

/** How many had the field, of those that could. */
interface Share {
  readonly present: number;
  readonly of: number;
}

export interface KnownField extends Pick<FieldFacts, 'path' | 'parent'> {
  /** All that its values ever were. */
  readonly kinds: readonly FieldKind[];
  readonly firstRun: number;
  readonly lastRun: number;
  /** When it was last counted over enough records. */
  readonly counted: Share;
  /** Since. */
  readonly recent: Share;
}

export type FieldChangeType = 'new' | 'vanished' | 'type changed';

export interface FieldChange {
  readonly path: string;
  readonly change: FieldChangeType;
  /** Kinds that it had in earlier runs; empty: it was not there. */
  readonly before: readonly FieldKind[];
  /** Kinds that are new, null among them for a new field; empty: it is not there any more. */
  readonly now: readonly FieldKind[];
  /** How many are so. */
  readonly records: number;
  /** Of how many that were looked at. */
  readonly of: number;
}

export interface FieldsSeen {
  readonly known: readonly KnownField[];
  readonly changes: readonly FieldChange[];
}

/**
 * @param known of earlier sessions, in any order
 * @param facts of one session
 * @param run that the session is of: what its earlier sessions had is known, but no change is told against them alone
 */
export function seeFields(
  known: readonly KnownField[],
  facts: RecordFacts,
  run: number,
): FieldsSeen {
  if (facts.fields.length === 0) return { known, changes: [] };
  const before = new Map(known.map((field) => [field.path, field]));
  const now = new Map(facts.fields.map((field) => [field.path, field]));
  const opened = new Set(known.filter(isNamed).map(({ parent }) => parent));
  const seen: KnownField[] = [];
  const changes: FieldChange[] = [];
  for (const { path, parent } of parentsFirst([...before.values(), ...facts.fields])) {
    const earlier = before.get(path) ?? null;
    const fresh = now.get(path) ?? null;
    const holder = parent === null ? null : (now.get(parent) ?? null);
    const isLooked = depthOf(parent, before, now) < facts.depth;
    const of = isNamed({ path, parent }) && isLooked ? (holder?.counts.object ?? 0) : 0;
    const { field, change } = seeField({ path, parent, earlier, fresh, of, run });
    seen.push(field);
    if (change === null) continue;
    // What was not looked into, or held nothing, has no new fields, and what is new itself is told alone.
    const wasOpen = opened.has(parent) && before.get(parent ?? '')?.kinds.includes('object');
    if (change.change !== 'new' || (wasOpen && isNamed({ path, parent }))) changes.push(change);
  }
  const kept = withoutMaps(seen);
  const paths = new Set(kept.map(({ path }) => path));
  const hasEarlierRun = known.some(({ firstRun }) => firstRun < run);
  const told = hasEarlierRun ? changes.filter(({ path }) => paths.has(path)) : [];
  return { known: kept, changes: told.toSorted((a, b) => (a.path < b.path ? -1 : 1)) };
}

type Place = Pick<FieldFacts, 'path' | 'parent'>;

/** Each place once. A path is longer than that of what holds it. */
function parentsFirst(places: readonly Place[]): Place[] {
  const byPath = new Map(places.map(({ path, parent }) => [path, { path, parent }]));
  return [...byPath.values()].toSorted((a, b) => a.path.length - b.path.length);
}

/** By name in an object; else the record itself, or the elements of a list, which may be empty. */
function isNamed({ path, parent }: Place): boolean {
  return parent !== null && path !== `${parent}[]`;
}

/** @param path null: it holds the record @returns that of the record is 0 */
function depthOf(
  path: string | null,
  before: ReadonlyMap<string, Place>,
  now: ReadonlyMap<string, Place>,
): number {
  let depth = -1;
  for (let at = path; at !== null; depth++) at = (now.get(at) ?? before.get(at))?.parent ?? null;
  return depth;
}

interface Sight extends Place {
  readonly earlier: KnownField | null;
  readonly fresh: FieldFacts | null;
  /** How many could have it. */
  readonly of: number;
  readonly run: number;
}

interface Seen {
  readonly field: KnownField;
  readonly change: FieldChange | null;
}

const NONE: Share = { present: 0, of: 0 };

function seeField({ path, parent, earlier, fresh, of, run }: Sight): Seen {
  const kinds = kindsOf(fresh);
  const present = of === 0 ? 0 : sum(fresh?.counts ?? {});
  const { counted, recent } = earlier ?? { counted: NONE, recent: NONE };
  const since = { present: recent.present + present, of: recent.of + of };
  const isCounted = since.of >= SEEN_MIN;
  const field = {
    ...{ path, parent, firstRun: earlier?.firstRun ?? run },
    kinds: [...new Set([...(earlier?.kinds ?? []), ...kinds])],
    lastRun: fresh === null ? (earlier?.lastRun ?? run) : run,
    counted: isCounted ? since : counted,
    recent: isCounted ? NONE : since,
  };
  const change = changeOf({ earlier, fresh, present, of });
  if (change !== null) return { field, change: { path, ...change } };
  const hasVanished = isCounted && since.present === 0 && counted.present >= counted.of * SHARE_MIN;
  if (earlier === null || !hasVanished) return { field, change: null };
  const vanished = {
    change: 'vanished',
    before: earlier.kinds,
    now: [],
    records: since.of,
  } as const;
  return { field, change: { path, ...vanished, of: since.of } };
}

/** What is there and was not; null: nothing. */
function changeOf({
  earlier,
  fresh,
  present,
  of,
}: Pick<Sight, 'earlier' | 'fresh' | 'of'> & { readonly present: number }): Omit<
  FieldChange,
  'path'
> | null {
  if (fresh === null) return null;
  if (earlier === null) {
    return { change: 'new', before: [], now: kindsOf(fresh), records: present, of };
  }
  const had = earlier.kinds.filter((kind) => kind !== 'null');
  const now = kindsOf(fresh).filter((kind) => !isCovered(kind, had));
  if (had.length === 0 || now.length === 0) return null;
  const records = now.reduce((total, kind) => total + (fresh.counts[kind] ?? 0), 0);
  return { change: 'type changed', before: had, now, records, of: sum(fresh.counts) };
}

function kindsOf(facts: FieldFacts | null): FieldKind[] {
  return facts === null ? [] : (Object.keys(facts.counts) as FieldKind[]);
}

function sum(counts: FieldFacts['counts']): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

/** Names that differ from run to run are data: over all runs there may be more than a shape shows. */
function withoutMaps(fields: readonly KnownField[]): KnownField[] {
  const names = new Map<string | null, number>();
  for (const field of fields.filter(isNamed)) {
    names.set(field.parent, (names.get(field.parent) ?? 0) + 1);
  }
  const kept = new Map<string | null, KnownField>();
  for (const field of fields) {
    const holder = kept.get(field.parent);
    if (field.parent !== null && (holder === undefined || holder.kinds.includes('map'))) continue;
    const isMap = (names.get(field.path) ?? 0) > (field.parent === null ? KNOWN_MAX : NAMES_MAX);
    kept.set(field.path, isMap ? { ...field, kinds: [...field.kinds, 'map'] } : field);
  }
  const latest = [...kept.values()].toSorted((a, b) => b.lastRun - a.lastRun);
  return latest.slice(0, KNOWN_MAX);
}
