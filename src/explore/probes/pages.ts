/** Probes that read pages: default size, largest size, small and middle sizes, more of the largest. */
import { HIGHEST_ID } from '../../paging/position.js';
import { SAMPLES_FOR_P95 } from '../findings/about-latency.js';
import type { PageSeen } from '../observations.js';
import { askPage, largestGranted, PAGES, type Probe, type ProbeContext } from '../probe.js';
import { cursorBehind, ordinalsOf, spots } from '../spots.js';
import { cursorAtOrdinal } from '../stream-pages.js';
import type { Subject } from '../subject.js';

const always = () => true;
const noWait = () => 0;
const oneRequest = () => ({ [PAGES]: 1 });

/** Asked for as a multiple of what the source documents, to see whether more is granted. */
const LARGER_THAN_DOCUMENTED = 2;
/** Of the way that a true total makes the events reach back; beyond, chance in their density decides. */
const TOTAL_CHECKED_AT = 0.97;

const SIZE_UNSAID = 'a request does not say how many records it asks for';

/** Why the size of a page cannot be chosen; null: it can. */
function fixedSize({ sizes }: Subject): string | null {
  switch (sizes) {
    case 'free':
      return null;
    case 'fixed':
      return 'pages are counted by their number, so that all have the size that the file names';
    case 'unsaid':
      return SIZE_UNSAID;
  }
}

export const firstPage: Probe = {
  name: 'first page',
  asks: 'shape, record fields, page size, limits, cursor',
  cost: oneRequest,
  waitsAboutMs: noWait,
  isWanted: always,
  async run(context) {
    await askPage(context, { cursor: null, limit: context.pages.firstLimit });
  },
};

export const largestPage: Probe = {
  name: 'largest page',
  asks: 'the largest size, whether more is cut silently, order and ties',
  cost: oneRequest,
  waitsAboutMs: noWait,
  isWanted: always,
  lacks: fixedSize,
  async run(context) {
    const { pages, notebook } = context;
    const { pageLimitMax } = pages.source;
    const limit = pageLimitMax * LARGER_THAN_DOCUMENTED;
    const cursor = notebook.pages[0]?.envelope.nextCursor ?? null;
    const { page, fault } = await askPage(context, { cursor, limit });
    if (page !== null || fault?.status === undefined || fault.status >= 500) return;
    notebook.refusedLimit = limit;
    await askPage(context, { cursor, limit: pageLimitMax });
  },
};

export const secondPage: Probe = {
  name: 'second page',
  asks: 'whether the next request leads on, and the order of records',
  cost: oneRequest,
  waitsAboutMs: noWait,
  // Where a size can be chosen the largest page is the second.
  isWanted: ({ subject }) => subject.sizes !== 'free',
  async run(context) {
    const cursor = context.notebook.pages[0]?.envelope.nextCursor ?? null;
    if (cursor !== null) await askPage(context, { cursor, limit: context.pages.firstLimit });
  },
};

export const smallPage: Probe = {
  name: 'small page',
  asks: 'what a page of one record takes',
  cost: oneRequest,
  waitsAboutMs: noWait,
  isWanted: always,
  lacks: fixedSize,
  async run(context) {
    const [spot] = spots(context, 1, 1);
    if (spot !== undefined) await askPage(context, { ...spot, limit: 1 });
  },
};

/** Where the API does not say how many events it has, the requests that are left look for the end. */
export const farEnd: Probe = {
  name: 'far end',
  asks: 'whether the total is true, or where the records end; what the last page takes',
  cost: ({ budget, subject }) => ({ [PAGES]: budget >= 12 && subject.places === 'time' ? 3 : 1 }),
  waitsAboutMs: noWait,
  isWanted: always,
  lacks: ({ places }) =>
    places === 'none' ? 'only a walk over all records would come there' : null,
  run: (context) =>
    context.pages.subject.places === 'time' ? farInTime(context) : farCounted(context),
};

async function farInTime(context: ProbeContext): Promise<void> {
  const { notebook, extent, asker } = context;
  const limit = largestGranted(context);
  const total = notebook.pages[0]?.envelope.total ?? null;
  const { msPerRow, newestMs } = extent;
  if (notebook.seek.type !== 'exact' || newestMs === null || msPerRow === null) {
    notebook.skipped.set('far end', 'without seeking it would take a walk over all records');
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
  while (!extent.isKnown && asker.left(PAGES) > 2) {
    const [spot] = spots(context, 1, limit);
    if (spot?.soughtDepthMs === undefined) return;
    await askPage(context, { ...spot, limit });
  }
}

async function farCounted(context: ProbeContext): Promise<void> {
  const { notebook, pages } = context;
  const ordinals = ordinalsOf(context);
  if (ordinals === null || notebook.seek.type === 'wrong') {
    notebook.skipped.set('far end', 'the answers do not say how much there is');
    return;
  }
  const [first, last] = ordinals;
  const limit = largestGranted(context);
  const isOfRecords = pages.subject.places === 'records';
  const ordinal = isOfRecords ? Math.max(first, last + 1 - limit) : last;
  const cursor = cursorAtOrdinal(pages, ordinal);
  const { page } = await askPage(context, { cursor, limit });
  if (page === null) return;
  notebook.far = { page, expected: isOfRecords ? last + 1 - ordinal : null };
}

/** Whether the page tells of the latency of a page of that size. */
export function isFullSample(page: PageSeen, limit: number): boolean {
  return page.answer.isAlone && !page.isCompressed && page.recordCount >= limit * 0.9;
}

/** What the budget has left goes into samples of the page that an ingestion would ask for. */
export const moreSamples: Probe = {
  name: 'more samples',
  asks: 'the spread of the latency',
  cost: ({ budget }) => ({ [PAGES]: Math.min(SAMPLES_FOR_P95, Math.max(0, budget - 14)) }),
  waitsAboutMs: ({ budget, expected: { policy } }) =>
    policy === null ? 0 : Math.max(0, (budget - 12) / policy.quota) * policy.windowMs,
  isWanted: ({ budget }) => budget > 14,
  async run(context) {
    const { notebook, asker } = context;
    const limit = largestGranted(context);
    const full = () => notebook.pages.filter((page) => isFullSample(page, limit)).length;
    while (full() < SAMPLES_FOR_P95 && asker.left(PAGES) > 0) {
      const [spot] = spots(context, 1, limit);
      const { page } = await askPage(context, { ...(spot ?? { cursor: null }), limit });
      if (page === null || page.recordCount < limit) return;
    }
  },
};
