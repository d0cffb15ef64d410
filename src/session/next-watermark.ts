/** The watermark that a run leaves when it is complete. Pure. */
import type { HighestOfRun, Watermark, WatermarkChange } from '../database/watermarks.js';
import type { CursorType } from '../protocol/record-target.js';
import { compareCursorValues, readCursorJson } from '../source/cursor-value.js';
import type { Source } from '../source/source.js';

/**
 * @param before that of the stream; null: it has none
 * @returns null where it stays as it is
 */
export function nextWatermark(
  { incremental, pass, codec }: Pick<Source, 'incremental' | 'pass' | 'codec'>,
  { values, newestMs }: HighestOfRun,
  before: Watermark | null,
): WatermarkChange | null {
  if (incremental === null || incremental.endValue !== null || pass.type === 'range') return null;
  const { cursorPath, type } = incremental;
  // A codec's records are told apart by their places, of which the instant is one half.
  const ofOrder = newestMs === null ? [] : [JSON.stringify(new Date(newestMs).toISOString())];
  const seen = codec === null ? values : ofOrder;
  const isSame = before?.cursorPath === cursorPath && pass.type === 'incremental';
  const highest = highestOf([...seen, ...(isSame ? [before.value] : [])], type);
  return { cursorPath, value: highest };
}

function highestOf(values: readonly string[], type: CursorType | null): string | null {
  const read = values.flatMap((json) => {
    const value = readCursorJson(json, type);
    return value === null ? [] : [{ json, value }];
  });
  const [first, ...others] = read;
  if (first === undefined) return null;
  return others.reduce(
    (highest, one) => (compareCursorValues(one.value, highest.value) > 0 ? one : highest),
    first,
  ).json;
}
