/** Where a value stands in a record, and the column that it gets. */
import { assert } from '../core/fault.js';
import { compilePath } from '../paging/json-path.js';
import type { RecordPath } from '../protocol/record-target.js';

/** Whether a text is a JSONPath to one value. */
export function leadsToOne(path: string): boolean {
  const compiled = compilePath(path);
  if (compiled.type === 'invalid' || compiled.steps.length === 0) return false;
  return compiled.steps.every((step) => step.type !== 'all');
}

/** @param path JSONPath to one value; the loader has checked it */
export function recordPath(path: string): RecordPath {
  const compiled = compilePath(path);
  assert(compiled.type === 'path', `${path} was checked when the file was loaded`);
  return compiled.steps.map((step) => {
    assert(step.type !== 'all', `${path} leads to one value`);
    return step.type === 'name' ? step.name : String(step.index);
  });
}

/** The column of a value: `meta.uid` becomes `meta_uid`. @param path as for `recordPath` */
export function columnOf(path: string): string {
  return recordPath(path).join('_');
}
