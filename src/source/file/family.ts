/** Which resources of a file are asked for: those that are selected, and the parents that they need. */
import type { FileNotes } from './file-note.js';
import type { IngestionFields, StreamFields } from './ingestion-shape.js';
import type { MergedResource } from './merge-defaults.js';
import { parentReads } from './parents.js';
import { type Family, isSeedList, parentOf } from './plan-parent.js';

/** @param ownFields of `x-ingestion`, by resource */
export function familyOf(
  resources: readonly MergedResource[],
  ownFields: NonNullable<IngestionFields['resources']>,
  notes: FileNotes,
): Family {
  const values = new Map<string, NonNullable<StreamFields['values']>>();
  for (const resource of resources) {
    const { name, hasOwnEndpoint } = resource;
    const list = Object.hasOwn(ownFields, name) ? ownFields[name]?.values : null;
    if (list == null) continue;
    const at = ['x-ingestion', 'resources', name, 'values'];
    const readsItself = parentReads(resource).some((read) => read.resource === name);
    if (list.length === 0) notes.fault(at, 'names no record');
    if (hasOwnEndpoint && !readsItself) {
      const message = `${name} has an endpoint that reads none of them; take one of the two out`;
      notes.fault(at, message, `in the endpoint {resources.${name}.FIELD} stands for a value`);
    } else values.set(name, list);
  }
  return { resources, values };
}

/** In the order of the file. Lists of values are not among them. */
export function takenResources(family: Family, notes: FileNotes): MergedResource[] {
  const isSelected = ({ fields }: MergedResource): boolean => fields.selected !== false;
  const children = new Map<MergedResource, MergedResource>();
  for (const resource of family.resources.filter(isSelected)) {
    let child = resource;
    let parent = parentOf(child, family);
    while (parent !== null && !children.has(parent)) {
      children.set(parent, child);
      child = parent;
      parent = parentOf(child, family);
    }
  }
  return family.resources.filter((resource) => {
    if (isSeedList(resource, family)) return false;
    if (isSelected(resource)) return true;
    const { name, fieldAt } = resource;
    const child = children.get(resource);
    const what =
      child === undefined
        ? `${name} is left out: it is not selected`
        : `${name} is copied though it is not selected: its rows say what to ask for of ${child.name}`;
    notes.warn(fieldAt('selected'), what);
    return child !== undefined;
  });
}
