/** The parent of a resource: which one it is, what is read of it, and whether that can be had. */
import type { Json, ParentField, ParentPlan } from '../plan.js';
import { columnOf, recordPath } from '../record-path.js';
import { nearestName } from '../resembling.js';
import type { FieldPath, FileNotes } from './file-note.js';
import { columnFault } from './identifiers.js';
import type { StreamFields } from './ingestion-shape.js';
import type { MergedResource } from './merge-defaults.js';
import { type ParentRead, parentReads } from './parents.js';
import { checkRecordPath } from './paths.js';

type Values = NonNullable<StreamFields['values']>;

export interface Family {
  /** All resources of the file. */
  readonly resources: readonly MergedResource[];
  /** Seed lists, by the name of their resource. */
  readonly values: ReadonlyMap<string, Values>;
}

/** Whether it is a list of records in the file, and nothing is asked for. */
export function isSeedList({ name, hasOwnEndpoint }: MergedResource, { values }: Family): boolean {
  return values.has(name) && !hasOwnEndpoint;
}

/** The parent that a resource names first; null: none that the file has. */
export function parentOf(resource: MergedResource, { resources }: Family): MergedResource | null {
  const [first] = parentReads(resource);
  return resources.find(({ name }) => name === first?.resource) ?? null;
}

export interface ParentContext {
  readonly family: Family;
  /** Of `x-ingestion`, for the resource. */
  readonly own: StreamFields;
  readonly notes: FileNotes;
}

/** @returns null where it stands by itself, or what it names cannot be its parent */
export function planParent(
  resource: MergedResource,
  { family, own, notes }: ParentContext,
): ParentPlan | null {
  const { name, fields, fieldAt } = resource;
  const laterAt = ['x-ingestion', 'resources', name, 'parents'];
  const reads = parentReads(resource);
  const [first] = reads;
  const included = fields.include_from_parent ?? [];
  if (first === undefined) {
    if (included.length > 0) {
      notes.fault(fieldAt('include_from_parent'), `resource ${name} reads no parent`);
    }
    if (own.parents != null) notes.fault(laterAt, `resource ${name} reads no parent`);
    return null;
  }
  if (!isParent(first, resource, family, notes)) return null;
  noteOthers(first, reads, name, notes);
  for (const { path, at } of reads) checkField(path, at, notes);
  for (const path of included) checkField(path, fieldAt('include_from_parent'), notes);
  const parent = first.resource;
  const plan = {
    resource: parent,
    values: family.values.get(parent) ?? null,
    fields: fieldsOf(reads),
    include: included.map((path) => ({ path, name: includedName(parent, path) })),
    later: own.parents ?? 'all',
  };
  if (plan.later === 'changed' && plan.values !== null) {
    notes.fault(laterAt, 'records of the file do not change; leave it out');
  }
  for (const one of plan.include) {
    const fault = columnFault(one.name);
    if (fault !== null) notes.fault(fieldAt('include_from_parent'), `${one.name} ${fault}`);
  }
  noteMissingValues(plan, name, notes);
  return plan;
}

/** As dlt names it. */
function includedName(parent: string, path: string): string {
  return `_${parent}_${columnOf(recordPath(path) ?? [path])}`;
}

function isParent(
  { resource: parent, at }: ParentRead,
  { name }: MergedResource,
  family: Family,
  notes: FileNotes,
): boolean {
  const names = family.resources.map((one) => one.name);
  if (!names.includes(parent)) {
    const near = nearestName(parent, names);
    const suggestion = near === null ? null : `did you mean ${near}?`;
    notes.fault(at, `resource ${name} reads ${parent}, which is no resource`, suggestion);
    return false;
  }
  const line = ancestors(name, family);
  if (line === null) return true;
  const way = [name, ...line].join(', which reads ');
  notes.fault(at, `resource ${way}: a circle has no beginning`);
  return false;
}

/** From the parent of a resource back to itself; null: it does not come back. */
function ancestors(name: string, family: Family): string[] | null {
  const line: string[] = [];
  let at = family.resources.find((one) => one.name === name);
  while (at !== undefined && line.length <= family.resources.length) {
    const parent = parentOf(at, family);
    // A list of the file has no parent: where it is read by itself, its values begin the line.
    if (parent === null || (parent === at && family.values.has(at.name))) return null;
    line.push(parent.name);
    if (parent.name === name) return line;
    at = parent;
  }
  return null;
}

function noteOthers(
  first: ParentRead,
  reads: readonly ParentRead[],
  name: string,
  notes: FileNotes,
): void {
  const other = reads.find(({ resource }) => resource !== first.resource);
  if (other === undefined) return;
  notes.fault(
    other.at,
    `resource ${name} reads ${first.resource} and ${other.resource}: a resource has one parent`,
    `include_from_parent in ${first.resource} hands values of its own parent on`,
  );
}

function checkField(path: string, at: FieldPath, notes: FileNotes): void {
  checkRecordPath(path, at, notes);
  if (recordPath(path)?.length === 0) notes.fault(at, 'takes one value of the parent, not all');
}

/** Each once; in the path where it stands there anywhere. */
function fieldsOf(reads: readonly ParentRead[]): ParentField[] {
  const paths = [...new Set(reads.map(({ path }) => path))];
  return paths.map((path) => {
    const of = reads.filter((read) => read.path === path);
    return { path, mark: of[0]?.mark ?? '', isInPath: of.some(({ isInPath }) => isInPath) };
  });
}

/** What a list of the file lacks is known before anything is asked. */
function noteMissingValues(
  { resource, values, fields }: ParentPlan,
  name: string,
  notes: FileNotes,
) {
  for (const [index, record] of (values ?? []).entries()) {
    for (const { path, isInPath } of fields) {
      const value = valueIn(record, recordPath(path) ?? []);
      const isThere = ['string', 'number', 'boolean'].includes(typeof value);
      const isEmpty = isInPath && ['', '.', '..'].includes(String(value));
      if (isThere && !isEmpty) continue;
      const at = ['x-ingestion', 'resources', resource, 'values', index];
      notes.fault(at, `has no ${path}, which ${name} reads`);
    }
  }
}

function valueIn(record: Json, path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>((value, name) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name))
      return undefined;
    return (value as Readonly<Record<string, Json>>)[name];
  }, record);
}
