/** Paths to one value of a record, and the columns that are named by them. Pure. */
import { compilePath } from '../paging/json-path.js';
import type { RecordPath } from '../protocol/record-target.js';

/** @param path JSONPath @returns null: it is none, or leads to several values */
export function recordPath(path: string): RecordPath | null {
  const compiled = compilePath(path);
  if (compiled.type === 'invalid') return null;
  const names = compiled.steps.flatMap((step) => {
    if (step.type === 'all') return [];
    return [step.type === 'name' ? step.name : String(step.index)];
  });
  return names.length < compiled.steps.length ? null : names;
}

/** `meta.uid` becomes `meta_uid`. */
export function columnOf(path: RecordPath): string {
  return path.join('_');
}
