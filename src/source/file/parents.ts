/** Which other resources a resource reads: their values stand in its requests. */
import type { Json, ParentField } from '../plan.js';
import type { FieldPath } from './file-note.js';
import type { MergedResource } from './merge-defaults.js';
import { namesIn } from './templates.js';

/** A value of another resource, where it stands in the file. */
export interface ParentRead extends ParentField {
  readonly resource: string;
  readonly at: FieldPath;
}

/** What stands for a value of a parent, in a plan as in the file. */
export function markOf(resource: string, path: string): string {
  return `{resources.${resource}.${path}}`;
}

/** In the order of path, parameters, body and headers. */
export function parentReads({ endpoint, endpointAt, memberAt }: MergedResource): ParentRead[] {
  const { path, json, headers, params } = endpoint;
  const inPath = namesIn(path, true);
  const members = (field: 'params' | 'json' | 'headers', values: object | null | undefined) =>
    Object.entries(values ?? {}).flatMap(([name, value]: [string, Json]) => {
      const at = memberAt(field, name);
      const isBound = field === 'params' && inPath.includes(name);
      if (field === 'params' && isResolve(value)) {
        return [readOf(value.resource, value.field, at, isBound)];
      }
      const texts = field === 'params' && isBlock(value) ? [] : textsIn(value);
      return texts.flatMap((text) => readsIn(text, { at, isInPath: isBound, isPath: false }));
    });
  return [
    ...readsIn(path, { at: endpointAt('path'), isInPath: true, isPath: true }),
    ...members('params', params),
    ...members('json', json),
    ...members('headers', headers),
  ];
}

interface ResolveBlock {
  readonly type: 'resolve';
  readonly resource: string;
  readonly field: string;
}

/** `{ type: resolve, resource: …, field: … }`. */
export function isResolve(value: unknown): value is ResolveBlock {
  return isBlock(value) && 'type' in value && value.type === 'resolve';
}

function isBlock(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readsIn(
  text: string,
  {
    at,
    isInPath,
    isPath,
  }: { readonly at: FieldPath; readonly isInPath: boolean; readonly isPath: boolean },
): ParentRead[] {
  return namesIn(text, isPath).flatMap((name) => {
    const [context, resource, ...path] = name.split('.');
    return context === 'resources' && resource !== undefined && path.length > 0
      ? [readOf(resource, path.join('.'), at, isInPath)]
      : [];
  });
}

function readOf(resource: string, path: string, at: FieldPath, isInPath: boolean): ParentRead {
  return { resource, path, mark: markOf(resource, path), at, isInPath };
}

function textsIn(value: Json): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}
