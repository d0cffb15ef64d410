/**
 * Records with members of their parent's: `include_from_parent`. They are copied, for there is no room
 * for more between those of a body; a member of that name that a record has itself is read before, and
 * gives way.
 */
import type { Slice } from './record-slices.js';

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const SPACE = 0x20;

export interface AddedMembers {
  /** The records alone, one behind the other. */
  readonly body: Buffer;
  readonly records: readonly Slice[];
}

/** @param members JSON text without braces; what is no object stays as it is */
export function withMembers(
  body: Buffer,
  records: readonly Slice[],
  members: string,
): AddedMembers {
  const first = Buffer.from(`${members}}`);
  const further = Buffer.from(`,${members}}`);
  const room = records.reduce((sum, { start, end }) => sum + end - start + further.length, 0);
  const copy = Buffer.from(new ArrayBuffer(room));
  let at = 0;
  const placed = records.map(({ start, end }) => {
    const from = at;
    const isObject = body[start] === OPEN_BRACE && body[end - 1] === CLOSE_BRACE;
    at += body.copy(copy, at, start, isObject ? end - 1 : end);
    if (isObject) at += (isEmpty(body, start, end) ? first : further).copy(copy, at);
    return { start: from, end: at };
  });
  return { body: copy.subarray(0, at), records: placed };
}

function isEmpty(body: Buffer, start: number, end: number): boolean {
  let last = end - 2;
  while (last > start && (body[last] as number) <= SPACE) last--;
  return last === start;
}
