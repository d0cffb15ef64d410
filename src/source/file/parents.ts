/** Which other resources a resource reads: their records stand in its requests. */
import type { Json } from '../plan.js';
import type { MergedResource } from './merge-defaults.js';
import { namesIn } from './templates.js';

/** Names of parents, each once; none for a resource that stands by itself. */
export function parentsOf({ endpoint }: MergedResource): readonly string[] {
  const { path, json, headers } = endpoint;
  const parents: string[] = [];
  const plain: Json[] = [path, json ?? null, headers ?? null];
  for (const value of Object.values(endpoint.params ?? {})) {
    const isBlock = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isBlock) plain.push(value);
    else if (value.type === 'resolve') parents.push(value.resource);
  }
  const names = plain.flatMap(textsIn).flatMap((text) => namesIn(text, true));
  const templated = names.flatMap((name) => {
    const [context, resource] = name.split('.');
    return context === 'resources' && resource !== undefined ? [resource] : [];
  });
  return [...new Set([...parents, ...templated])];
}

function textsIn(value: Json): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}
