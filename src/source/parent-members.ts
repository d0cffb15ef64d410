/** What pages of a child show of their parent: members of each record, and words for messages. */
import { parentValues, parentWords, readChildCursor } from '../paging/child-cursor.js';
import { writeExact } from '../paging/json-text.js';
import type { ParentPlan } from './plan.js';

/** JSON text of the members that `include_from_parent` names, without braces; empty: none. */
export function membersAdded(include: ParentPlan['include'], cursor: string | null): string {
  if (cursor === null || include.length === 0) return '';
  const values = parentValues(readChildCursor(cursor).of);
  return include
    .map(({ path, name }) => `${JSON.stringify(name)}:${writeExact(values[path] ?? null)}`)
    .join(',');
}

/** `of projects id=12`; null: the stream has no parent. */
export function childWords(parent: ParentPlan | null, cursor: string | null): string | null {
  if (parent === null || cursor === null) return null;
  return `of ${parent.resource} ${parentWords(readChildCursor(cursor).of)}`;
}
