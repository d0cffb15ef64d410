/**
 * Spots: where in the data the next page is asked, so that a request made for one reason tells
 * something else as well: where the end is, whether rows are as dense elsewhere.
 */
import { HIGHEST_ID, type Position } from '../paging/position.js';
import type { ProbeContext } from './probe.js';

export interface Spot {
  readonly cursor: string | null;
  /** Distance in time from the newest row; undefined: not sought. */
  readonly soughtDepthMs?: number;
}

/** Multiples of the golden ratio fall evenly, however many there are. */
const GOLDEN = 0.618_034;
/** A cursor with less life left than this may be dead when the request arrives. */
const LIFE_MIN_MS = 500;

/** @param rows what is to be found there at least; else a place nearer to the start is taken */
export function spots(context: ProbeContext, count: number, rows: number): Spot[] {
  const { notebook, extent } = context;
  const { newestMs } = extent;
  if (notebook.seek.type !== 'exact' || newestMs === null) return followed(context, count);
  const depths = totalOf(context) === null ? extent.next(count) : spread(context, count, rows);
  const sought = depths.flatMap((depthMs): Spot[] => {
    const position = { ms: Math.round(newestMs - depthMs), id: HIGHEST_ID };
    const cursor = cursorBehind(context, position);
    return cursor === null ? [] : [{ cursor, soughtDepthMs: newestMs - position.ms }];
  });
  return sought.length === count ? sought : followed(context, count);
}

/** A cursor that leads behind a place; null: none can be made. */
export function cursorBehind(
  { source, asker, nowMs }: ProbeContext,
  position: Position,
): string | null {
  const { seek, cursorLifeMs } = source.paging;
  return seek?.(position, asker.serverClock.at(nowMs()) + cursorLifeMs) ?? null;
}

/** How many events there are, as far as is known. */
export function totalOf({ notebook, extent }: ProbeContext): number | null {
  const said = notebook.pages.find(({ envelope }) => envelope.total !== null)?.envelope.total;
  if (said != null) return said;
  const estimate = extent.isKnown ? extent.estimate() : null;
  return estimate?.rows ?? null;
}

/** Evenly over the data, but not so near its end that the page would be short. */
function spread(context: ProbeContext, count: number, rows: number): number[] {
  const total = totalOf(context) ?? 0;
  const { msPerRow } = context.extent;
  const turns = context.notebook.pages.length;
  const usable = (total - rows) * 0.95;
  if (msPerRow === null || usable <= 0) return [];
  return Array.from(
    { length: count },
    (_, index) => usable * msPerRow * (((turns + index) * GOLDEN) % 1),
  );
}

/** Cursors that the API gave and that are still alive; the start of the data when there are none. */
function followed({ notebook, nowMs, source }: ProbeContext, count: number): Spot[] {
  const given = notebook.pages.flatMap(({ envelope, answer }) => {
    const lifeMs = envelope.cursorExpiresInMs ?? source.paging.cursorLifeMs;
    const isAlive = answer.sentAtMs + lifeMs > nowMs() + LIFE_MIN_MS;
    return isAlive && envelope.nextCursor !== null ? [envelope.nextCursor] : [];
  });
  const latest = [...given].reverse();
  return Array.from({ length: count }, (_, index) => ({ cursor: latest[index] ?? null }));
}
