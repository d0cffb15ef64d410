/** How differences name pages, places and rows. */
import type { Position } from '../../core/position.js';
import type { Unfetched, VerifiedPage } from './verify-types.js';

/** `segment 1, page 17`; with its run where it is not the one that is verified. */
export function pageName(page: VerifiedPage, run: number): string {
  const name = `segment ${page.segment}, page ${page.page}`;
  return page.run === run ? name : `run ${page.run}, ${name}`;
}

/** `segment 1, pages 3–9`, or from one segment to another. */
export function pagesName(pages: readonly VerifiedPage[], run: number): string {
  const [first, last] = [pages.at(0), pages.at(-1)];
  if (first === undefined || last === undefined) return 'the table';
  if (first === last) return pageName(first, run);
  if (first.segment === last.segment && first.run === last.run) {
    return `${pageName(first, run).replace(', page ', ', pages ')}–${last.page}`;
  }
  return `${pageName(first, run)} to ${pageName(last, run)}`;
}

export function stretchName({ after, through }: Unfetched): string {
  if (after === null && through === null) return 'from the beginning to the end';
  if (after === null) return `from the beginning to ${placeName(through)}`;
  if (through === null) return `from ${placeName(after)} to the end`;
  return `from ${placeName(after)} to ${placeName(through)}`;
}

function placeName(position: Position | null): string {
  return position === null ? 'the end' : `${instantName(position.ms)} (id ${position.id})`;
}

/** An ISO instant; the plain number beyond the years that a Date holds. */
export function instantName(ms: number): string {
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

/** @param id 16 bytes */
export function idText(id: Uint8Array): string {
  const hex = Buffer.from(id.buffer, id.byteOffset, 16).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
