/** The bytes of a page for the rule that finds its list of records: nothing of it is parsed. */
import type { PathStep } from '../../src/paging/json-path.js';
import { type PageNode, recordListIn } from '../../src/source/record-list.js';
import { type Slice, SliceReader } from './record-slices.js';

const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACKET = 0x5d;
const SPACE = 0x20;

/** @returns the path to the records */
export function recordListOf(body: Buffer): readonly PathStep[] {
  const reader = new SliceReader(body);
  return recordListIn(nodeOf(reader, reader.root()));
}

function nodeOf(reader: SliceReader, value: Slice): PageNode {
  const first = reader.body[value.start];
  if (first === OPEN_BRACKET) return { type: 'list', holds: heldBy(reader.body, value.start) };
  if (first !== OPEN_BRACE) return { type: 'other' };
  return {
    type: 'object',
    members: () =>
      [...reader.members(value)].map(([name, member]) => [name, nodeOf(reader, member)] as const),
  };
}

function heldBy(body: Buffer, list: number): Extract<PageNode, { type: 'list' }>['holds'] {
  let at = list + 1;
  while (at < body.length && (body[at] as number) <= SPACE) at++;
  if (body[at] === CLOSE_BRACKET) return 'nothing';
  return body[at] === OPEN_BRACE ? 'objects' : 'values';
}
