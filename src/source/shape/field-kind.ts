/** The kinds that values of a record are told apart by, and which of them says nothing new. Pure. */
import type { FieldKind } from '../../protocol/record-facts.js';

const INSTANT = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d(?::?\d\d)?)?$/;

/** @param value as `JSON.parse` gives it */
export function fieldKindOf(value: unknown): Exclude<FieldKind, 'map'> {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'list';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'number':
      return Number.isInteger(value) ? 'integer' : 'decimal';
    case 'string':
      return INSTANT.test(value) ? 'instant' : 'text';
    default:
      return 'object';
  }
}

/** Kinds that a field may also be of where it was of this one: whoever reads that can read these. */
const COVERS: Readonly<Partial<Record<FieldKind, readonly FieldKind[]>>> = {
  decimal: ['integer'],
  text: ['instant'],
  object: ['map'],
  map: ['object'],
};

/** Whether a value of this kind is no surprise where a field had values of those. */
export function isCovered(kind: FieldKind, known: readonly FieldKind[]): boolean {
  if (kind === 'null' || known.includes(kind)) return true;
  return known.some((one) => COVERS[one]?.includes(kind) === true);
}
