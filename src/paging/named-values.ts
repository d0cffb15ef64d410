/** The values of an answer by the names of their members, for paging that no source file describes. */
import { pathOfNames } from './json-path.js';

export interface NamedValue {
  /** From the body's top, outermost first. */
  readonly names: readonly string[];
  /** The last name without case and separators: `next_cursor`, `nextCursor` are `nextcursor`. */
  readonly plain: string;
  readonly value: unknown;
}

/** As deep as the page info of a GraphQL connection lies. */
const DEPTH_MAX = 6;

/** All members, the outer ones first. Lists are left out: what they hold are records. */
export function namedValues(body: unknown): readonly NamedValue[] {
  const found: NamedValue[] = [];
  let level = membersOf(body, []);
  for (let depth = 0; depth < DEPTH_MAX && level.length > 0; depth += 1) {
    found.push(...level);
    level = level.flatMap(({ value, names }) => membersOf(value, names));
  }
  return found;
}

function membersOf(value: unknown, above: readonly string[]): NamedValue[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).map(([name, member]) => ({
    ...{ names: [...above, name], plain: plainName(name), value: member },
  }));
}

export function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

export function pathOf({ names }: NamedValue): string {
  return pathOfNames(names);
}

/** The name of the object that holds it; empty: the body. */
export function parentOf({ names }: NamedValue): string {
  return plainName(names.at(-2) ?? '');
}

/** Whether both stand in one object. */
export function isBeside(a: NamedValue, b: NamedValue): boolean {
  return pathOfNames(a.names.slice(0, -1)) === pathOfNames(b.names.slice(0, -1));
}

/** The first with one of the names that `fits`; the order of names counts before that of the body. */
export function firstNamed(
  values: readonly NamedValue[],
  names: readonly string[],
  fits: (value: NamedValue) => boolean = () => true,
): NamedValue | undefined {
  for (const name of names) {
    const found = values.find((value) => value.plain === name && fits(value));
    if (found !== undefined) return found;
  }
  return undefined;
}
