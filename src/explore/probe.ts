/**
 * A probe: one small experiment. It says beforehand what it costs, asks through the asker, and writes
 * what it saw into the notebook; it concludes nothing.
 */
import { type Fault, type FaultCode, IngestionError } from '../core/fault.js';
import type { LimitPolicy } from '../core/token-bucket.js';
import type { EventSource } from '../source/source.js';
import { notThisApi } from './answer.js';
import type { Asker } from './asker.js';
import type { Extent } from './extent.js';
import type { Notebook, PageSeen } from './observations.js';
import { readPage, recordsOf } from './read-page.js';

/** How thoroughly to explore. */
export interface ExploreScope {
  /** Requests of the events bucket at most. */
  readonly budget: number;
  /** What needs waiting, and more samples. */
  readonly isThorough: boolean;
  /** May run into the limit on purpose. */
  readonly doesProvoke: boolean;
  /** Figures to plan with before anything was asked. */
  readonly expected: { readonly latencyMs: number; readonly policy: LimitPolicy };
}

export interface ProbeContext {
  readonly asker: Asker;
  readonly source: EventSource;
  readonly basePath: string;
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
  readonly run: (context: ProbeContext) => Promise<void>;
}

export const EVENTS = 'events';

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

export interface PageQuestion {
  /** Null: from the start. */
  readonly cursor: string | null;
  /** Null: no size is asked for. */
  readonly limit: number | null;
  readonly acceptsGzip?: boolean;
  readonly soughtDepthMs?: number;
}

/** What became of a page request; null: it failed, or the budget is spent. */
export interface PageAsked {
  readonly page: PageSeen | null;
  readonly fault: Fault | null;
}

/**
 * Asks for a page of events and notes it; a fault that may heal is tried again within the budget.
 *
 * @throws IngestionError when the API refuses the key, or answers nothing that is a page
 */
export async function askPage(context: ProbeContext, question: PageQuestion): Promise<PageAsked> {
  const { asker, notebook, source, extent } = context;
  const isFirst = notebook.pages.length === 0;
  const path = pagePath(context, question);
  let fault: Fault | null = null;
  for (let attempt = 0; attempt < (isFirst ? FIRST_ATTEMPTS : ATTEMPTS); attempt++) {
    const { acceptsGzip = false, limit, cursor } = question;
    const asked = await asker.ask({ bucket: EVENTS, path, acceptsGzip });
    if (asked.type === 'overBudget') break;
    if (asked.type === 'answer') {
      const page = readPage(
        source,
        asked.answer,
        {
          askedLimit: limit,
          soughtDepthMs: question.soughtDepthMs ?? null,
          askedFromStart: cursor === null,
        },
        notebook.census,
      );
      if (page !== null) {
        notebook.pages.push(page);
        if (page.recordCount > notebook.sample.length) {
          notebook.sample = recordsOf(source, asked.answer);
        }
        extent.observe(page);
        return { page, fault: null };
      }
      fault = { ...notThisApi(asked.answer, 'a page of events'), retryable: true };
    } else {
      fault = asked.fault;
    }
    notebook.faults.push(fault);
    if (fault.code === 'CREDENTIALS') throw new IngestionError(fault);
    if (!fault.retryable || SAME_AGAIN.has(fault.code)) break;
  }
  if (isFirst && fault !== null) throw new IngestionError(fault);
  return { page: null, fault };
}

function pagePath(context: ProbeContext, { cursor, limit }: PageQuestion): string {
  const { source, basePath } = context;
  if (limit !== null) return source.pagePath(basePath, cursor, limit);
  const path = source.pagePath(basePath, cursor, source.pageLimitMax);
  return path.replace(/limit=\d+&?/, '').replace(/\?$/, '');
}

/** The largest page that the server was seen to grant. */
export function largestGranted(notebook: Notebook, source: EventSource): number {
  const granted = notebook.pages.map(({ envelope, recordCount }) => envelope.limit ?? recordCount);
  const largest = Math.max(1, ...granted);
  return notebook.pages.length < 2 ? source.pageLimitMax : largest;
}
