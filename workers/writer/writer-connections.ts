/**
 * How many connections write, where nobody has said. Pure.
 *
 * A page occupies its connection for `pageMs`, of which the way to the server and back takes
 * `roundTripMs`: meanwhile the server does nothing for it. Two connections keep a server busy whose
 * round trip takes no time, so that it takes 2 · pageMs / (pageMs − roundTripMs) of them where it does.
 *
 * It only grows, one at a time, and only while pages wait: where the server itself is the bound, more
 * connections make each page slower, which asks for fewer. Measured: a page of 1,000 rows takes 26 ms,
 * so that 20 ms of round trip ask for four.
 */
import { CONNECTIONS_MAX, CONNECTIONS_MIN } from '../../src/protocol/writer-messages.js';

/** Pages that are looked at; the median leaves out one that made its connection first. */
const PAGES = 8;
const PAGES_MIN = 4;

export interface WriterLoad {
  readonly count: number;
  /** The server has no more for us. */
  readonly countMax: number;
  /** Of an empty statement, in ms. */
  readonly roundTripMs: number;
  /** What the last pages took since the last growth, newest last. */
  readonly recentMs: readonly number[];
}

export function initialLoad(roundTripMs: number, countMax = CONNECTIONS_MAX): WriterLoad {
  return { count: Math.min(CONNECTIONS_MIN, countMax), countMax, roundTripMs, recentMs: [] };
}

/** After a committed page. @param waiting pages that have no connection yet */
export function afterWrite(load: WriterLoad, pageMs: number, waiting: number): WriterLoad {
  const recentMs = [...load.recentMs, pageMs].slice(-PAGES);
  const grows =
    waiting > 0 &&
    load.count < load.countMax &&
    recentMs.length >= PAGES_MIN &&
    connectionsFor(load.roundTripMs, median(recentMs)) > load.count;
  return grows ? { ...load, count: load.count + 1, recentMs: [] } : { ...load, recentMs };
}

/** The server would not open one more. @param openCount connections that there are */
export function afterRefusal(load: WriterLoad, openCount: number): WriterLoad {
  const count = Math.max(1, Math.min(load.count, openCount));
  return { ...load, count, countMax: count, recentMs: [] };
}

function connectionsFor(roundTripMs: number, pageMs: number): number {
  const workMs = Math.max(pageMs - roundTripMs, pageMs / CONNECTIONS_MAX);
  return Math.round((CONNECTIONS_MIN * pageMs) / workMs);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}
