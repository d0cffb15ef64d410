/** Cursors of the simulated API: a place, and until when they live. */
import type { Position } from '../../src/paging/position.js';

/** The mark of a cursor that the server did not make. */
export const BUILT = 0;

export function encode(
  mark: number,
  { ms, id }: Position,
  expiresAtMs: number,
  beforeMs = Infinity,
) {
  return `${mark}|${ms}|${id}|${expiresAtMs}|${beforeMs}`;
}

export function decode(cursor: string) {
  const [mark, ms, id, expiresAtMs, beforeMs] = cursor.split('|');
  const position = { ms: Number(ms), id: id ?? '' };
  const times = { expiresAtMs: Number(expiresAtMs), beforeMs: Number(beforeMs) };
  return { mark: Number(mark), position, ...times };
}
