/**
 * Which list of a page holds its records, where the source does not say: the whole page if it is a list;
 * else the list with a usual name that is nearest to the top; else the nearest list of objects; else the
 * page itself, as one record.
 */
import type { PathStep } from '../../src/paging/json-path.js';
import { type Slice, SliceReader } from './record-slices.js';

const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACKET = 0x5d;
const SPACE = 0x20;

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
  readonly holds: 'objects' | 'nothing' | 'values';
}

/** @returns the path to the records */
export function recordListOf(body: Buffer): readonly PathStep[] {
  const reader = new SliceReader(body);
  const root = reader.root();
  if (reader.body[root.start] !== OPEN_BRACE) return [];
  const candidates = listsIn(reader, root, []);
  const best = candidates
    .filter(({ name, holds }) => holds !== 'values' || isUsual(name))
    .filter(({ name }) => !OTHER_NAMES.test(name))
    .sort((a, b) => rank(a) - rank(b))[0];
  return best?.path ?? [];
}

function listsIn(reader: SliceReader, object: Slice, above: readonly PathStep[]): Candidate[] {
  return [...reader.members(object)].flatMap(([name, value]): Candidate[] => {
    const path: PathStep[] = [...above, { type: 'name', name }];
    const first = reader.body[value.start];
    if (first === OPEN_BRACKET) {
      return [{ path, depth: path.length, name, holds: heldBy(reader.body, value.start) }];
    }
    return first === OPEN_BRACE && path.length < DEPTH_MAX ? listsIn(reader, value, path) : [];
  });
}

function heldBy(body: Buffer, list: number): Candidate['holds'] {
  let at = list + 1;
  while (at < body.length && (body[at] as number) <= SPACE) at++;
  if (body[at] === CLOSE_BRACKET) return 'nothing';
  return body[at] === OPEN_BRACE ? 'objects' : 'values';
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
