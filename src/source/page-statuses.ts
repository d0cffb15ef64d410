/** Statuses whose answers are read as pages. */
import type { Source } from './source.js';

/** Some APIs answer so while they make the records ready, others with the records. */
export const ACCEPTED = 202;
const OF_CODECS: ReadonlySet<number> = new Set([200]);
/** Searches by POST are answered with 201 or 202 by some APIs, what a proxy has changed with 203, a part of a list with 206. */
const OF_RECORDS: ReadonlySet<number> = new Set([200, 201, ACCEPTED, 203, 206]);

/** @param codec null: the file's own rules read its answers */
export function pageStatuses(codec: Source['codec']): ReadonlySet<number> {
  return codec === null ? OF_RECORDS : OF_CODECS;
}
