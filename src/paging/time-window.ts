/**
 * A stretch of time, walked in windows that adjoin, each with a paging of its own inside. For APIs that
 * page only so far: a window that is refused as too much is halved, and the one behind it is twice as
 * long again, up to the file's length.
 *
 * A cursor is `start/end`, epoch ms, and `start/end/cursor` behind the first page of a window. The end
 * of one window is the start of the next; where an API takes both as inside, the records of that
 * instant come twice, unless the file names the step of its instants: then a window is asked to end one
 * step before the next. Records of a window that is refused behind its first page come twice.
 */
import { assert } from './assert.js';
import { chainKind } from './chain-kind.js';
import { type InstantForm, instantForm } from './instant-form.js';
import type { PageFacts, PageKind, PageKindOptions } from './page-kind.js';
import type { PaginatorPlan } from './paginator-plan.js';
import type { Way } from './paging.js';
import { cursorText, joinParts, requestPart } from './value-place.js';
import { broken, END, goOn } from './ways.js';

type TimeWindowPlan = Extract<PaginatorPlan, { readonly type: 'time_window' }>;

interface Window {
  readonly startMs: number;
  readonly endMs: number;
  /** The paging inside; null: its first page. */
  readonly cursor: string | null;
}

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

  function windowFrom(startMs: number, lengthMs: number): Window {
    return { startMs, endMs: Math.min(startMs + lengthMs, lastMs), cursor: null };
  }
  function windowOf(cursor: string | null): Window {
    return cursor === null ? windowFrom(firstMs, longestMs) : readWindow(cursor);
  }

  /** What the API is asked to end with. */
  function lastOf({ endMs }: Window): number {
    return plan.stepMs === null || endMs >= lastMs ? endMs : endMs - plan.stepMs;
  }

  /** Where the paging inside leads, seen from outside. */
  function outOf(window: Window, way: Way): Way {
    if (way.type === 'broken') return way;
    if (way.type === 'next') return goOn(writeWindow({ ...window, cursor: way.cursor }));
    if (window.endMs >= lastMs) return END;
    const lengthMs = Math.min(longestMs, 2 * (window.endMs - window.startMs));
    return goOn(writeWindow(windowFrom(window.endMs, lengthMs)));
  }

  return chainKind(
    {
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
        const { startMs, endMs } = windowOf(cursor);
        const halfMs = Math.floor((endMs - startMs) / 2 / stepMs) * stepMs;
        if (halfMs > 0)
          return goOn(writeWindow({ startMs, endMs: startMs + halfMs, cursor: null }));
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

function insideOf(seen: PageFacts, { cursor }: Window): PageFacts {
  const { body, recordCount, url, size, status } = seen;
  return {
    ...{ body, recordCount, url, size, status, cursor },
    bodyText: () => seen.bodyText(),
    header: (name) => seen.header(name),
    lastRecordText: () => seen.lastRecordText(),
    fingerprint: () => seen.fingerprint(),
  };
}

const WINDOW = /^(-?\d+)\/(-?\d+)(?:\/(.*))?$/s;

function readWindow(cursor: string): Window {
  const match = WINDOW.exec(cursor);
  assert(match !== null, 'a cursor of time windows names its window');
  return { startMs: Number(match[1]), endMs: Number(match[2]), cursor: match[3] ?? null };
}

function writeWindow({ startMs, endMs, cursor }: Window): string {
  return `${startMs}/${endMs}${cursor === null ? '' : `/${cursor}`}`;
}
