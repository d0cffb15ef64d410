/**
 * A probe: one small experiment. It says beforehand what it costs and what it needs, asks through the
 * asker, and writes what it saw into the notebook; it concludes nothing.
 */
import { type Fault, type FaultCode, IngestionError } from '../core/fault.js';
import type { Asker } from './asker.js';
import { countRecord } from './census.js';
import type { Extent } from './extent.js';
import type { Notebook, PageSeen } from './observations.js';
import type { PageWish, StreamPages } from './stream-pages.js';
import type { Expected, Subject } from './subject.js';

/** How thoroughly to explore what. */
export interface ExploreScope {
  readonly subject: Subject;
  /** Requests for pages at most. */
  readonly budget: number;
  /** What needs waiting, and more samples. */
  readonly isThorough: boolean;
  /** May run into the limit on purpose. */
  readonly doesProvoke: boolean;
  readonly expected: Expected;
}

export interface ProbeContext {
  readonly asker: Asker;
  readonly pages: StreamPages;
  readonly scope: ExploreScope;
  readonly notebook: Notebook;
  readonly extent: Extent;
  readonly nowMs: () => number;
}

/** Requests at most, by bucket. */
export type Cost = Readonly<Record<string, number>>;

export interface Probe {
  readonly name: string;
  /** What it finds out, as the rest of the sentence "asks …". */
  readonly asks: string;
  readonly cost: (scope: ExploreScope) => Cost;
  /** What it takes beyond the answers' latency: waiting, about. */
  readonly waitsAboutMs: (scope: ExploreScope) => number;
  /** Whether the scope wants it at all. */
  readonly isWanted: (scope: ExploreScope) => boolean;
  /** What the stream lacks for it; null: nothing. @default null */
  readonly lacks?: (subject: Subject) => string | null;
  readonly run: (context: ProbeContext) => Promise<void>;
}

/** The bucket of the requests for pages. */
export const PAGES = 'pages';

/** Faults of a page request that a second attempt may heal. */
const ATTEMPTS = 2;
/** Faults that the same request would meet again. */
const SAME_AGAIN = new Set<FaultCode>([
  'ADDRESS',
  'UNEXPECTED_STATUS',
  'LIMIT_REFUSED',
  'CURSOR_EXPIRED',
  'CURSOR_INVALID',
]);
/** The first page is what all else rests on: worth one attempt more. */
const FIRST_ATTEMPTS = 3;

export interface PageQuestion extends PageWish {
  readonly acceptsGzip?: boolean;
  readonly soughtDepthMs?: number;
}

/** What became of a page request; null: it failed, or the budget is spent. */
export interface PageAsked {
  readonly page: PageSeen | null;
  readonly fault: Fault | null;
}

/**
 * Asks for a page and notes it; a fault that may heal is tried again within the budget.
 *
 * @throws IngestionError when the API refuses the key, or answers nothing that is a page
 */
export async function askPage(context: ProbeContext, question: PageQuestion): Promise<PageAsked> {
  const { asker, notebook, pages } = context;
  const isFirst = notebook.pages.length === 0;
  const { acceptsGzip = false, cursor, limit } = question;
  const request = pages.request({ cursor, limit });
  let fault: Fault | null = null;
  for (let attempt = 0; attempt < (isFirst ? FIRST_ATTEMPTS : ATTEMPTS); attempt++) {
    const asked = await asker.ask({
      ...{ bucket: PAGES, request, acceptsGzip },
      read: (received) => pages.read(received, { cursor, limit }),
    });
    if (asked.type === 'overBudget') break;
    if (asked.type === 'answer') {
      const { records, ...read } = asked.seen;
      const { answer } = asked;
      const page: PageSeen = {
        ...{ ...read, answer, askedCursor: cursor, askedLimit: limit },
        isCompressed: answer.headers['content-encoding'] === 'gzip',
        recordCount: records.length,
        soughtDepthMs: question.soughtDepthMs ?? null,
      };
      note(context, page, records);
      return { page, fault: null };
    }
    fault = asked.fault;
    notebook.faults.push(fault);
    if (fault.code === 'CREDENTIALS') throw new IngestionError(fault);
    if (!fault.retryable || SAME_AGAIN.has(fault.code)) break;
  }
  if (isFirst && fault !== null) throw new IngestionError(fault);
  return { page: null, fault };
}

function note(
  { notebook, pages, extent }: ProbeContext,
  page: PageSeen,
  records: readonly unknown[],
): void {
  records.forEach((record, nth) => {
    countRecord(pages.fields, record, nth, notebook.census);
  });
  notebook.pages.push(page);
  if (records.length > notebook.sample.length) notebook.sample = records;
  // Only where time is the order do distances in time tell how many records there are.
  extent.observe(pages.subject.places === 'time' ? page : { ...page, positions: [] });
}

/** The largest page that the server was seen to grant. */
export function largestGranted({ notebook, pages }: ProbeContext): number {
  const granted = notebook.pages.map(({ envelope, recordCount }) => envelope.limit ?? recordCount);
  const largest = Math.max(1, ...granted);
  return notebook.pages.length < 2 ? pages.source.pageLimitMax : largest;
}
