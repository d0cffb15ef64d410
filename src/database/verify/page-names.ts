/** How differences name pages, places and rows. */
import { ordinalOfPlace } from '../../paging/ordinals.js';
import type { Position } from '../../paging/position.js';
import { windowStartOf } from '../../paging/window-places.js';
import type { Difference, DifferenceKind, Unfetched, VerifiedPage } from './verify-types.js';

const ORDINAL_MAX = 1e11;

/** A difference of one page, which it names. @param run that is verified */
export function pageDifference(
  kind: DifferenceKind,
  page: Pick<VerifiedPage, 'id' | 'run' | 'segment' | 'page'>,
  run: number,
  message: string,
): Difference {
  const { id: pageId, segment, page: number } = page;
  const of = { run: page.run, segment, page: number, pageId };
  return { kind, where: pageName(page, run), message, ...of };
}

/** `segment 1, page 17`; with its run where it is not the one that is verified. */
function pageName(page: Pick<VerifiedPage, 'run' | 'segment' | 'page'>, run: number): string {
  const name = `segment ${page.segment}, page ${page.page}`;
  return page.run === run ? name : `run ${page.run}, ${name}`;
}

export function stretchName({ after, through, behind, children }: Unfetched): string {
  if (children !== undefined) return `${number(children)} children`;
  if (behind !== undefined) return `behind segment ${behind.segment}, page ${behind.page}`;
  if (after === null && through === null) return 'from the beginning to the end';
  if (after === null) return `from the beginning to ${placeName(through)}`;
  if (through === null) return `from ${placeName(after)} to the end`;
  return `from ${placeName(after)} to ${placeName(through)}`;
}

function placeName(position: Position | null): string {
  if (position === null) return 'the end';
  const startMs = windowStartOf(position);
  if (startMs !== null) return `a page of the window from ${instantName(startMs)}`;
  const ordinal = ordinalOfPlace(position);
  // So many records there are not: it is where two windows of time adjoin.
  if (ordinal !== null && ordinal >= ORDINAL_MAX) return instantName(ordinal + 1);
  if (ordinal !== null) return `number ${number(ordinal)}`;
  return `${instantName(position.ms)} (id ${position.id})`;
}

/** An ISO instant; the plain number beyond the years that a Date holds. */
function instantName(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms} ms` : date.toISOString();
}

/** `1 row`, `5,000 rows`. */
export function rowCount(count: number): string {
  return `${number(count)} ${count === 1 ? 'row' : 'rows'}`;
}

export function number(count: number): string {
  return count.toLocaleString('en-US');
}
