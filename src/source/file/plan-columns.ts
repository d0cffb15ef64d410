/** The plan of typed columns and of the key. */
import { pathOfNames } from '../../paging/json-path.js';
import type { ColumnPlan, StreamPlan } from '../plan.js';
import { columnOf, recordPath } from '../record-path.js';
import type { FieldPath, FileNotes } from './file-note.js';
import { columnFault } from './identifiers.js';
import type { MergedResource } from './merge-defaults.js';
import { checkRecordPath } from './paths.js';
import { COLUMN_HINTS } from './special-fields.js';

/** Of every table. */
export const OWN_COLUMNS: ReadonlySet<string> = new Set(['data', 'occurred_at', 'page']);

export function planColumns({ columns }: MergedResource, notes: FileNotes): readonly ColumnPlan[] {
  return columns.flatMap(({ at, fields }) => {
    const { name, data_type: type, nullable } = fields;
    const ignored = COLUMN_HINTS.filter((hint) => Object.hasOwn(fields, hint));
    if (ignored.length > 0) {
      notes.warn(at, `${ignored.join(', ')}: of a column only data_type and nullable count here`);
    }
    if (OWN_COLUMNS.has(name)) {
      notes.warn(at, `gets no column: every table has one named ${name}; the field stays in data`);
      return [];
    }
    if (type == null) {
      if (fields.primary_key !== true) {
        notes.warn(at, 'gets no column without a data_type; the field stays in data');
      }
      return [];
    }
    const fault = columnFault(name);
    if (fault !== null) notes.fault(at, `the column ${fault}`);
    return [{ name, type, isNullable: nullable ?? true }];
  });
}

export type KeyPlan = Pick<StreamPlan, 'primaryKey' | 'writeDisposition'>;

/** The key of the resource; without one, that of its columns. */
export function planKey(resource: MergedResource, notes: FileNotes): KeyPlan {
  const { fields, columns, fieldAt } = resource;
  const marked = columns.filter((column) => column.fields.primary_key === true);
  const primaryKey =
    fields.primary_key == null
      ? marked.map((column) => pathOfNames([column.fields.name]))
      : [fields.primary_key].flat();
  for (const path of primaryKey) checkKey(path, keyAt(resource, path), notes);
  const columnNames = primaryKey.map((path) => columnOf(recordPath(path) ?? [path]));
  if (new Set(columnNames).size < columnNames.length) {
    notes.fault(fieldAt('primary_key'), 'names one column twice');
  }
  const given = fields.write_disposition ?? 'append';
  const disposition = typeof given === 'string' ? given : given.disposition;
  if (disposition !== 'merge' || primaryKey.length > 0) {
    return { primaryKey, writeDisposition: disposition };
  }
  if (fields.merge_key != null) {
    notes.fault(fieldAt('merge_key'), 'rows are merged by primary_key, which is missing');
  } else {
    notes.warn(fieldAt('write_disposition'), 'merge without primary_key: rows are appended');
  }
  return { primaryKey, writeDisposition: 'append' };
}

function keyAt({ fields, columns, fieldAt }: MergedResource, path: string): FieldPath {
  const column = columns.find((one) => pathOfNames([one.fields.name]) === path);
  return fields.primary_key == null && column !== undefined ? column.at : fieldAt('primary_key');
}

function checkKey(path: string, at: FieldPath, notes: FileNotes): void {
  checkRecordPath(path, at, notes);
  const names = recordPath(path);
  if (names === null) return;
  const column = columnOf(names);
  const fault = columnFault(column);
  if (fault !== null) notes.fault(at, `the column of the key ${fault}`);
  if (OWN_COLUMNS.has(column)) {
    notes.fault(at, `every table has a column named ${column} already; no key can have that name`);
  }
}
