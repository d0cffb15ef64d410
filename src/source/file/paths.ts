/** What is wrong with the JSONPaths of a source file: a run walks them, and takes them to be right. */
import { compilePath } from '../../paging/json-path.js';
import { recordPath } from '../record-path.js';
import type { FieldPath, FileNotes } from './file-note.js';

/** Into an answer. It may lead to several values. */
export function checkPath(path: string, at: FieldPath, notes: FileNotes): void {
  const compiled = compilePath(path);
  if (compiled.type === 'invalid') notes.fault(at, `the path ${compiled.reason}`);
}

/** Into a record, for a value of its row. */
export function checkRecordPath(path: string, at: FieldPath, notes: FileNotes): void {
  checkPath(path, at, notes);
  const leadsToSeveral = compilePath(path).type === 'path' && recordPath(path) === null;
  if (leadsToSeveral) notes.fault(at, 'the path leads to several values of a record; name one');
}

/** Those among the fields of a block whose names say that they are paths. */
export function checkPathFields(block: object, at: FieldPath, notes: FileNotes): void {
  for (const [name, value] of Object.entries(block)) {
    if (typeof value !== 'string') continue;
    if (name.endsWith('_body_path')) checkPlace(value, [...at, name], notes);
    else if (name.endsWith('_path')) checkPath(value, [...at, name], notes);
  }
}

/** Into the body of a request, where a value is put. */
function checkPlace(path: string, at: FieldPath, notes: FileNotes): void {
  const compiled = compilePath(path);
  const isPlace =
    compiled.type === 'path' &&
    compiled.steps.every(
      (step) => step.type === 'name' || (step.type === 'index' && step.index >= 0),
    );
  if (compiled.type === 'invalid') notes.fault(at, `the path ${compiled.reason}`);
  else if (!isPlace) notes.fault(at, 'takes the path of one place in the body, as variables.after');
}
