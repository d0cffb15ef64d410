/**
 * A stretch of time, walked in windows that adjoin, each with a paging of its own inside. For APIs that
 * page only so far: a window that is refused as too much is halved, and the one behind it is twice as
 * long again, up to the file's length.
 *
 * A cursor is `start/end`, epoch ms, and behind the first page of a window
 * `start/end/nth.restarts/cursor`, with the number of its pages before, and how often it was begun again. No window goes over the multiples of the file's length: there the stretch can
 * be cut, for several chains to walk it, where records that come again are known by their key.
 *
 * The end of one window is the start of the next; where an API takes both as inside, the records of that
 * instant come twice, unless the file names the step of its instants: then a window is asked to end one
 * step before the next. Records of a window that is refused behind its first page come twice.
 */
import { assert } from './assert.js';
import { CURSOR_LIFE_MAX_MS, chainKind } from './chain-kind.js';
import { cursorChain } from './cursor-chain.js';
import { type InstantForm, instantForm } from './instant-form.js';
import type { PageFacts, PageKind, PageKindOptions } from './page-kind.js';
import type { PaginatorPlan } from './paginator-plan.js';
import type { Paging, Way } from './paging.js';
import { cursorText, joinParts, requestPart } from './value-place.js';
import { broken, END, goOn } from './ways.js';
import { pageAt, placeAt, placeOfPage, type WindowPage } from './window-places.js';

/** Of a window whose cursors die before they can be used. */
const RESTARTS_MAX = 50;

type TimeWindowPlan = Extract<PaginatorPlan, { readonly type: 'time_window' }>;

/** @param inner the paging inside a window */
export function timeWindow(
  plan: TimeWindowPlan,
  inner: PageKind,
  options: PageKindOptions,
): PageKind {
  const form = instantForm(plan.start);
  assert(form !== null, 'a time window starts at an instant');
  const { unitMs, ms: firstMs } = form;
  const lastMs = Math.max(firstMs, wholeUnits(endOf(plan.end, options.nowMs), unitMs));
  const stepMs = plan.stepMs ?? unitMs;
  const longestMs = Math.max(stepMs, Math.floor(plan.windowMs / stepMs) * stepMs);

  /** The first multiple of the length that is not before an instant. */
  function gridLine(atMs: number): number {
    return firstMs + Math.ceil((atMs - firstMs) / longestMs) * longestMs;
  }
  function windowFrom(startMs: number, lengthMs: number): WindowPage {
    const endMs = Math.min(startMs + lengthMs, gridLine(startMs + 1), lastMs);
    return { startMs, endMs, nth: 0, restarts: 0, cursor: null };
  }
  function windowOf(cursor: string | null): WindowPage {
    return cursor === null ? windowFrom(firstMs, longestMs) : readWindow(cursor);
  }

  /** What the API is asked to end with. */
  function lastOf({ endMs }: WindowPage): number {
    return plan.stepMs === null || endMs >= lastMs ? endMs : endMs - plan.stepMs;
  }

  /** Where the paging inside leads, seen from outside. */
  function outOf(window: WindowPage, way: Way): Way {
    if (way.type === 'broken') return way;
    const nth = window.nth + 1;
    if (way.type === 'next') return goOn(writeWindow({ ...window, nth, cursor: way.cursor }));
    if (window.endMs >= lastMs) return END;
    const lengthMs = Math.min(longestMs, 2 * (window.endMs - window.startMs));
    return goOn(writeWindow(windowFrom(window.endMs, lengthMs)));
  }

  const divided: Paging = {
    ...cursorChain({
      cursorLifeMs: options.cursorTtlMs ?? CURSOR_LIFE_MAX_MS,
      order: 'newestFirst',
    }),
    placeOf: (cursor) => placeOfPage(readWindow(cursor)),
    seek(after) {
      const place = pageAt(after);
      if (!('nth' in place)) return writeWindow(windowFrom(place.startMs, longestMs));
      // Begun again: of the pages inside only its own cursors tell. Counted on, for a walk that comes to a
      // place twice goes round.
      const restarts = place.restarts + 1;
      if (restarts > RESTARTS_MAX) return null;
      return writeWindow({ ...place, nth: place.nth + 1, restarts, cursor: null });
    },
    givenSaysMore: true,
    cutAt: ({ ms }) => placeAt(gridLine(0 - ms)),
  };

  const { cursorLifeMs, placeOf } = divided;
  return chainKind(
    {
      paging: { ...cursorChain({ cursorLifeMs }), placeOf },
      ...(options.knowsRows === true && {
        paging: divided,
        startOf: (cursor) => windowOf(cursor).startMs,
      }),
      lastOrdinalOf: () => lastMs - 1,
      request(cursor, size) {
        const window = windowOf(cursor);
        const part = inner.request(window.cursor, size);
        // A link that the API gave holds its window already.
        if (part.url !== undefined) return part;
        const ends = { start: form.write(window.startMs), end: form.write(lastOf(window)) };
        return [
          requestPart(plan.startPlace, cursorText(plan.startPlace, ends.start) ?? ''),
          requestPart(plan.endPlace, cursorText(plan.endPlace, ends.end) ?? ''),
        ].reduce(joinParts, part);
      },
      next(seen) {
        const window = windowOf(seen.cursor);
        const way = inner.next(insideOf(seen, window));
        return outOf(window, way);
      },
      looksBehindEnd(cursor) {
        const window = windowOf(cursor);
        const look = inner.looksBehindEnd?.(window.cursor) ?? null;
        return look === null ? null : { ...look, way: outOf(window, look.way) };
      },
      passesTotal: (seen) => inner.passesTotal?.(insideOf(seen, windowOf(seen.cursor))) ?? false,
      refused(status, cursor) {
        if (!plan.splitOn.includes(status)) return null;
        const { startMs, endMs, ...done } = windowOf(cursor);
        const halfMs = Math.floor((endMs - startMs) / 2 / stepMs) * stepMs;
        const half = { ...done, startMs, endMs: startMs + halfMs, nth: done.nth + 1, cursor: null };
        if (halfMs > 0) return goOn(writeWindow(half));
        const from = form.write(startMs);
        return broken(
          `refuses with ${status} a window from ${from} that is too short to be halved`,
        );
      },
    },
    options,
  );
}

function endOf(end: string | number, nowMs: number | undefined): number {
  if (end === 'now') {
    assert(nowMs !== undefined, 'the caller says what "now" is');
    return nowMs;
  }
  const form: InstantForm | null = instantForm(end);
  assert(form !== null, 'a time window ends at an instant');
  return form.ms;
}

/** Upwards: what lies in the last unit belongs to the window. */
function wholeUnits(ms: number, unitMs: number): number {
  return Math.ceil(ms / unitMs) * unitMs;
}

function insideOf(seen: PageFacts, { cursor }: WindowPage): PageFacts {
  const { body, recordCount, url, size, status } = seen;
  return {
    ...{ body, recordCount, url, size, status, cursor },
    bodyText: () => seen.bodyText(),
    header: (name) => seen.header(name),
    lastRecordText: () => seen.lastRecordText(),
    fingerprint: () => seen.fingerprint(),
  };
}

const WINDOW = /^(-?\d+)\/(-?\d+)(?:\/(\d+)\.(\d+)\/(.*))?$/s;

function readWindow(cursor: string): WindowPage {
  const match = WINDOW.exec(cursor);
  assert(match !== null, 'a cursor of time windows names its window');
  const [, start, end, nth = '0', restarts = '0', inner = ''] = match;
  return {
    ...{ startMs: Number(start), endMs: Number(end) },
    ...{ nth: Number(nth), restarts: Number(restarts) },
    cursor: inner === '' ? null : inner,
  };
}

function writeWindow({ startMs, endMs, nth, restarts, cursor }: WindowPage): string {
  return `${startMs}/${endMs}${nth === 0 ? '' : `/${nth}.${restarts}/${cursor ?? ''}`}`;
}
