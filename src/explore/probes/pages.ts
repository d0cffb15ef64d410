/** Probes that read pages: default size, largest size, small and middle sizes, more of the largest. */
import { HIGHEST_ID } from '../../paging/position.js';
import { SAMPLES_FOR_P95 } from '../findings/about-latency.js';
import type { PageSeen } from '../observations.js';
import { askPage, EVENTS, largestGranted, type Probe } from '../probe.js';
import { cursorBehind, spots } from '../spots.js';

const always = () => true;
const noWait = () => 0;
const oneRequest = () => ({ [EVENTS]: 1 });

/** Asked for as a multiple of what the source documents, to see whether more is granted. */
const LARGER_THAN_DOCUMENTED = 2;
/** Of the way that a true total makes the events reach back; beyond, chance in their density decides. */
const TOTAL_CHECKED_AT = 0.97;

export const firstPage: Probe = {
  name: 'first page',
  asks: 'shape, record fields, default size, limit headers, cursor',
  cost: oneRequest,
  waitsAboutMs: noWait,
  isWanted: always,
  async run(context) {
    await askPage(context, { cursor: null, limit: null });
  },
};

export const largestPage: Probe = {
  name: 'largest page',
  asks: 'the largest size, whether more is cut silently, order and ties',
  cost: oneRequest,
  waitsAboutMs: noWait,
  isWanted: always,
  async run(context) {
    const { source, notebook } = context;
    const limit = source.pageLimitMax * LARGER_THAN_DOCUMENTED;
    const cursor = notebook.pages[0]?.envelope.nextCursor ?? null;
    const { page, fault } = await askPage(context, { cursor, limit });
    if (page !== null || fault?.status === undefined || fault.status >= 500) return;
    notebook.refusedLimit = limit;
    await askPage(context, { cursor, limit: source.pageLimitMax });
  },
};

export const smallPage: Probe = {
  name: 'small page',
  asks: 'what a page of one record takes',
  cost: oneRequest,
  waitsAboutMs: noWait,
  isWanted: always,
  async run(context) {
    const [spot] = spots(context, 1, 1);
    if (spot !== undefined) await askPage(context, { ...spot, limit: 1 });
  },
};

/** Where the API does not say how many events it has, the requests that are left look for the end. */
export const farEnd: Probe = {
  name: 'far end',
  asks: 'whether the total is true, or where the events end',
  cost: ({ budget }) => ({ [EVENTS]: budget >= 12 ? 3 : 1 }),
  waitsAboutMs: noWait,
  isWanted: always,
  async run(context) {
    const { notebook, extent, source, asker } = context;
    const limit = largestGranted(notebook, source);
    const total = notebook.pages[0]?.envelope.total ?? null;
    const { msPerRow, newestMs } = extent;
    if (notebook.seek.type !== 'exact' || newestMs === null || msPerRow === null) {
      notebook.skipped.set('far end', 'without seeking it would take a walk over all events');
      return;
    }
    if (total !== null) {
      const rows = Math.max(total - limit, total * TOTAL_CHECKED_AT);
      const depthMs = Math.round(rows * msPerRow);
      const position = { ms: newestMs - depthMs, id: HIGHEST_ID };
      const cursor = cursorBehind(context, position);
      if (cursor !== null) await askPage(context, { cursor, limit, soughtDepthMs: depthMs });
      return;
    }
    // Two requests are kept for the window.
    while (!extent.isKnown && asker.left(EVENTS) > 2) {
      const [spot] = spots(context, 1, limit);
      if (spot?.soughtDepthMs === undefined) return;
      await askPage(context, { ...spot, limit });
    }
  },
};

/** Whether the page tells of the latency of a page of that size. */
export function isFullSample(page: PageSeen, limit: number): boolean {
  return page.answer.isAlone && !page.isCompressed && page.recordCount >= limit * 0.9;
}

/** What the budget has left goes into samples of the page that an ingestion would ask for. */
export const moreSamples: Probe = {
  name: 'more samples',
  asks: 'the spread of the latency',
  cost: ({ budget }) => ({ [EVENTS]: Math.min(SAMPLES_FOR_P95, Math.max(0, budget - 14)) }),
  waitsAboutMs: ({ budget, expected }) =>
    Math.max(0, (budget - 12) / expected.policy.quota) * expected.policy.windowMs,
  isWanted: ({ budget }) => budget > 14,
  async run(context) {
    const { notebook, source, asker } = context;
    const limit = largestGranted(notebook, source);
    const full = () => notebook.pages.filter((page) => isFullSample(page, limit)).length;
    while (full() < SAMPLES_FOR_P95 && asker.left(EVENTS) > 0) {
      const [spot] = spots(context, 1, limit);
      const { page } = await askPage(context, { ...(spot ?? { cursor: null }), limit });
      if (page === null || page.recordCount < limit) return;
    }
  },
};
