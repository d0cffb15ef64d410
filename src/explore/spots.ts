/**
 * Spots: where in the data the next page is asked, so that a request made for one reason tells
 * something else as well: where the end is, whether rows are as dense elsewhere.
 */
import { HIGHEST_ID, type Position } from '../paging/position.js';
import type { ProbeContext } from './probe.js';
import { cursorAtOrdinal, lastOrdinalOf, ordinalIn } from './stream-pages.js';

export interface Spot {
  readonly cursor: string | null;
  /** Distance in time from the newest row; undefined: not sought. */
  readonly soughtDepthMs?: number;
}

/** Multiples of the golden ratio fall evenly, however many there are. */
const GOLDEN = 0.618_034;
/** A cursor with less life left than this may be dead when the request arrives. */
const LIFE_MIN_MS = 500;
/** Not so near the end of the data that the page would be short. */
const USABLE_SHARE = 0.95;

/** @param rows what is to be found there at least; else a place nearer to the start is taken */
export function spots(context: ProbeContext, count: number, rows: number): Spot[] {
  const found =
    context.pages.subject.places === 'time'
      ? soughtInTime(context, count, rows)
      : counted(context, count, rows);
  return found.length === count ? found : followed(context, count);
}

/** A cursor that leads behind a place in time; null: none can be made. */
export function cursorBehind(
  { pages, asker, nowMs }: ProbeContext,
  position: Position,
): string | null {
  const { seek, cursorLifeMs } = pages.source.paging;
  return seek?.(position, asker.serverClock.at(nowMs()) + cursorLifeMs) ?? null;
}

/** The ordinals that can be asked for, as far as is known: the first, and the last that the API says there is. */
export function ordinalsOf({ pages, notebook }: ProbeContext): [number, number] | null {
  const first = ordinalIn(pages, { askedCursor: null }, 0);
  const last = notebook.pages.map(lastOrdinalOf).find((ordinal) => ordinal !== null);
  return first === null || last === undefined || last < first ? null : [first, last];
}

function soughtInTime(context: ProbeContext, count: number, rows: number): Spot[] {
  const { notebook, extent } = context;
  const { newestMs } = extent;
  if (notebook.seek.type !== 'exact' || newestMs === null) return [];
  const depths = totalOf(context) === null ? extent.next(count) : spread(context, count, rows);
  return depths.flatMap((depthMs): Spot[] => {
    const position = { ms: Math.round(newestMs - depthMs), id: HIGHEST_ID };
    const cursor = cursorBehind(context, position);
    return cursor === null ? [] : [{ cursor, soughtDepthMs: newestMs - position.ms }];
  });
}

/** How many records there are, as far as is known. */
function totalOf({ notebook, extent }: ProbeContext): number | null {
  const said = notebook.pages.find(({ envelope }) => envelope.total !== null)?.envelope.total;
  if (said != null) return said;
  const estimate = extent.isKnown ? extent.estimate() : null;
  return estimate?.rows ?? null;
}

/** Depths in time, evenly over the data. */
function spread(context: ProbeContext, count: number, rows: number): number[] {
  const total = totalOf(context) ?? 0;
  const { msPerRow } = context.extent;
  const usable = (total - rows) * USABLE_SHARE;
  if (msPerRow === null || usable <= 0) return [];
  return shares(context, count).map((share) => usable * msPerRow * share);
}

/** Evenly over the ordinals that there are. */
function counted(context: ProbeContext, count: number, rows: number): Spot[] {
  const ordinals = ordinalsOf(context);
  if (ordinals === null || context.notebook.seek.type === 'wrong') return [];
  const [first, last] = ordinals;
  const spare = context.pages.subject.places === 'records' ? rows : 1;
  const usable = Math.max(0, (last + 1 - first - spare) * USABLE_SHARE);
  return shares(context, count).map((share) => ({
    cursor: cursorAtOrdinal(context.pages, first + Math.floor(usable * share)),
  }));
}

function shares({ notebook }: ProbeContext, count: number): number[] {
  const turns = notebook.pages.length;
  return Array.from({ length: count }, (_, index) => ((turns + index) * GOLDEN) % 1);
}

/** Cursors that the API gave and that are still alive; the start of the data when there are none. */
function followed({ notebook, nowMs, pages }: ProbeContext, count: number): Spot[] {
  const given = notebook.pages.flatMap(({ envelope, answer }) => {
    const lifeMs = envelope.cursorExpiresInMs ?? pages.source.paging.cursorLifeMs;
    const isAlive = answer.sentAtMs + lifeMs > nowMs() + LIFE_MIN_MS;
    return isAlive && envelope.nextCursor !== null ? [envelope.nextCursor] : [];
  });
  const latest = [...given].reverse();
  return Array.from({ length: count }, (_, index) => ({ cursor: latest[index] ?? null }));
}
