/** How a stream goes on from one run to the next: `incremental` of its endpoint, or of one of its parameters. */
import { type Lag, readCursorValue } from '../cursor-value.js';
import type { IncrementalPlan } from '../plan.js';
import type { CodecName } from '../registry.js';
import { readDuration } from './duration.js';
import type { FieldPath, FileNotes } from './file-note.js';
import type { MergedResource } from './merge-defaults.js';
import { checkRecordPath } from './paths.js';
import type { IncrementalFields } from './resource-shape.js';

/** Directives of strftime that instants of a cursor need, and that are written alike by all. */
const DIRECTIVES: ReadonlySet<string> = new Set([...'YmdHMSfLsZzBbejIpy%'].map((one) => `%${one}`));

/** Said of fields that dlt has and that change nothing here. */
const HINTS = {
  primary_key: 'rows are told apart by the primary_key of the resource',
  allow_external_schedulers: 'no scheduler of another program sets the range',
  on_cursor_value_missing:
    'a record without the value is stored, and says nothing of the watermark',
  range_start: 'the start of a range is read again, and known rows are not stored twice',
  range_end: 'the API says whether the end of a range is part of it',
} as const;

/** @returns null: every run reads all of the stream */
export function planIncremental(
  resource: MergedResource,
  codec: CodecName | null,
  notes: FileNotes,
): IncrementalPlan | null {
  const [declared, second] = declarations(resource);
  if (declared === undefined) return null;
  const { fields, at } = declared;
  if (second !== undefined) {
    notes.fault(second.at, 'a second incremental; a stream goes on by one field');
  }
  for (const [name, why] of Object.entries(HINTS)) {
    if (name in fields) notes.warn([...at, name], `changes nothing here: ${why}`);
  }
  checkRecordPath(fields.cursor_path, [...at, 'cursor_path'], notes);
  const { cursor_type: type = null, end_value: endValue = null } = fields;
  for (const name of ['initial_value', 'end_value'] as const) {
    const isNumber = type === 'integer' || type === 'numeric';
    const value = fields[name] ?? null;
    if (!isNumber || value === null || readCursorValue(value, type) !== null) continue;
    notes.fault([...at, name], `takes a number where cursor_type is ${type}`);
  }
  return {
    cursorPath: fields.cursor_path,
    ...{ type, endValue, lag: lagOf(fields, [...at, 'lag'], notes) },
    startParam: fields.start_param ?? null,
    endParam: fields.end_param ?? null,
    initialValue: fields.initial_value ?? null,
    format: formatOf(fields, [...at, 'datetime_format'], notes),
    // A codec reads pages itself, and ends a walk by the order alone.
    isNewestFirst: fields.row_order === 'desc' && codec === null,
  };
}

interface Declared {
  readonly fields: IncrementalFields;
  readonly at: FieldPath;
}

function declarations({ endpoint, endpointAt, memberAt }: MergedResource): Declared[] {
  const ofParams = Object.entries(endpoint.params ?? {}).flatMap(([name, value]) => {
    const isBlock = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isBlock || value.type !== 'incremental') return [];
    const { type: _, ...fields } = value;
    return [{ fields: { ...fields, start_param: name }, at: memberAt('params', name) }];
  });
  const { incremental } = endpoint;
  if (incremental == null) return ofParams;
  return [{ fields: incremental, at: endpointAt('incremental') }, ...ofParams];
}

function lagOf(
  { lag, cursor_type: type }: IncrementalFields,
  at: FieldPath,
  notes: FileNotes,
): Lag {
  if (lag == null) return { units: 0 };
  if (type === 'objectid')
    notes.fault(at, 'of an objectid nothing can be taken away; leave it out');
  if (typeof lag === 'number') return { units: lag };
  if (type === 'integer' || type === 'numeric') {
    notes.fault(at, `takes a number where cursor_type is ${type}`);
  }
  return { ms: readDuration(lag) ?? 0 };
}

function formatOf(
  { datetime_format: format, cursor_type: type }: IncrementalFields,
  at: FieldPath,
  notes: FileNotes,
): string | null {
  if (format == null) return null;
  if (type === 'integer' || type === 'numeric' || type === 'objectid') {
    notes.fault(at, `is for instants, and cursor_type is ${type}`);
  }
  const unknown = (format.match(/%.?/g) ?? []).filter((one) => !DIRECTIVES.has(one));
  if (unknown.length > 0) {
    const message = `has ${unknown.join(', ')}, which is not supported; write %Y-%m-%dT%H:%M:%SZ, or %s for epoch seconds`;
    notes.fault(at, message);
    return null;
  }
  // As Python writes an offset; the one here is always that of UTC.
  return format.replaceAll('%z', '%Z');
}
