/**
 * The cursor of a first page, for who wants to see what the API answers. A child is asked for with the values
 * of a record that its parent's first pages hold, or that the file lists.
 */
import type { Fault } from '../../core/fault.js';
import { childCursor } from '../../paging/child-cursor.js';
import { pathSteps, valueAt } from '../../paging/json-path.js';
import { NumberText, parseExact, writeExact } from '../../paging/json-text.js';
import type { ParentPlan } from '../../source/plan.js';

/** @returns null where it lacks a value that requests need */
export function childOf(parent: ParentPlan, recordText: string): string | null {
  const record = parseExact(recordText);
  const valueAtPath = (path: string): unknown => valueAt(pathSteps(path), record) ?? null;
  const isUsable = parent.fields.every(({ path, isInPath }) => {
    const value = valueAtPath(path);
    const isScalar = typeof value === 'boolean' || typeof value === 'string';
    const isStep = !isInPath || !['', '.', '..'].includes(String(value));
    return (isScalar || value instanceof NumberText) && isStep;
  });
  if (!isUsable) return null;
  const paths = [...parent.fields, ...parent.include].map(({ path }) => path);
  const of = writeExact(Object.fromEntries(paths.map((path) => [path, valueAtPath(path)])));
  return childCursor({ of, at: null });
}

/** No record of the parent that was seen can be asked with. */
export function noChild({ resource, fields }: ParentPlan): Fault {
  const names = fields.map(({ path }) => path).join(', ');
  return {
    code: 'CONTRACT',
    message: `no record of the first pages of ${resource} has a value for ${names} to ask for a child with`,
    retryable: false,
  };
}
