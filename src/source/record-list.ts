/**
 * Which list of a page holds its records, where the source does not say: the whole page if it is a list;
 * else the list with a usual name that is nearest to the top; else the nearest list of objects; else the
 * page itself, as one record.
 */
import type { PathStep } from '../paging/json-path.js';

/** A value of a page, however it is kept. */
export type PageNode =
  | { readonly type: 'list'; readonly holds: 'objects' | 'nothing' | 'values' }
  /** Its members, in their order. */
  | { readonly type: 'object'; members(): Iterable<readonly [string, PageNode]> }
  | { readonly type: 'other' };

/** Lists lie no deeper in the pages of the APIs that are known. */
const DEPTH_MAX = 4;

/** Usual names of the list of records, the likelier first. */
const RECORD_NAMES = [
  'data',
  'items',
  'results',
  'records',
  'entries',
  'rows',
  'values',
  'elements',
  'nodes',
  'objects',
  'entities',
  'hits',
  'docs',
  'documents',
  'payload',
  'content',
  'result',
  'list',
];

/** Lists beside the records. */
const OTHER_NAMES =
  /^(?:errors?|warnings?|links?|meta(?:data)?|pag(?:e|ing|ination).*|included|fields|columns|headers?|facets?|aggregations|filters?)$/i;

interface Candidate {
  readonly path: readonly PathStep[];
  readonly depth: number;
  readonly name: string;
  readonly holds: Extract<PageNode, { type: 'list' }>['holds'];
}

/** @returns the path to the records; empty: the page is the list, or the one record */
export function recordListIn(page: PageNode): readonly PathStep[] {
  const best = listsIn(page, [])
    .filter(({ name, holds }) => holds !== 'values' || isUsual(name))
    .filter(({ name }) => !OTHER_NAMES.test(name))
    .sort((a, b) => rank(a) - rank(b))[0];
  return best?.path ?? [];
}

/** A page that was parsed. */
export function parsedPage(json: unknown): PageNode {
  if (Array.isArray(json)) {
    const [first] = json;
    const isObject = typeof first === 'object' && first !== null && !Array.isArray(first);
    return { type: 'list', holds: json.length === 0 ? 'nothing' : isObject ? 'objects' : 'values' };
  }
  if (typeof json !== 'object' || json === null) return { type: 'other' };
  return {
    type: 'object',
    members: () => Object.entries(json).map(([name, value]) => [name, parsedPage(value)] as const),
  };
}

function listsIn(node: PageNode, above: readonly PathStep[]): Candidate[] {
  if (node.type !== 'object') return [];
  return [...node.members()].flatMap(([name, value]): Candidate[] => {
    const path: PathStep[] = [...above, { type: 'name', name }];
    if (value.type === 'list') return [{ path, depth: path.length, name, holds: value.holds }];
    return path.length < DEPTH_MAX ? listsIn(value, path) : [];
  });
}

function isUsual(name: string): boolean {
  return RECORD_NAMES.includes(name.toLowerCase());
}

/** Lower is likelier. A usual name counts more than depth, depth more than what is held. */
function rank({ name, depth, holds }: Candidate): number {
  const place = RECORD_NAMES.indexOf(name.toLowerCase());
  const byName = place === -1 ? 10_000 : 0;
  const byHolding = holds === 'objects' ? 0 : 1_000;
  return byName + byHolding + depth * 100 + (place === -1 ? 0 : place);
}
