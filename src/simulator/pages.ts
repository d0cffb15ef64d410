/**
 * List endpoints: parameters and cursor in, one page out.
 *
 *   view   ──────┬──────── limit ────────┬──────
 *              start                    end       next cursor = position of the record before `end`
 *
 * Page faults move these borders; none of them skips a record that an honest walk would see.
 */
import { type Answer, deliver } from './deliver.js';
import { deflateEnvelope } from './gzip-page.js';
import { type ApiError, sendError } from './http.js';
import type { RenderedPage } from './page-cache.js';
import type { Exchange, Simulator } from './simulator.js';
import type { View } from './views.js';

const REPEATED_ROWS_MAX = 50;
const WRONG_TOTAL = 17;
/** Seconds that the caches before the live API announce. */
const CACHE_TTL_S = 30;

const CURSOR_EXPIRED: ApiError = {
  status: 400,
  error: 'Bad Request',
  message: 'Cursor has expired; start again without a cursor',
  code: 'CURSOR_EXPIRED',
};
const CURSOR_INVALID: ApiError = {
  status: 400,
  error: 'Bad Request',
  message: 'Cursor has an invalid format',
  code: 'CURSOR_INVALID_FORMAT',
};

/** What is sent, in places of the view. */
interface PagePlan {
  readonly start: number;
  readonly end: number;
  readonly limit: number;
  readonly nextCursor: string | null;
  readonly hasMore: boolean;
  readonly isUnspoilt: boolean;
}

/** Answers with the page that the query asks for. */
export async function answerPage(
  simulator: Simulator,
  exchange: Exchange,
  view: View,
): Promise<void> {
  const start = readStart(simulator, exchange, view);
  if (typeof start !== 'number') {
    sendError(simulator, exchange, start);
    return;
  }
  const plan = planPage(simulator, exchange, view, start);
  const { page, isCached } = simulator.cache.page(view, plan.start, plan.end);
  const headers = {
    ETag: `"${plan.start.toString(36)}-${plan.end.toString(36)}-${view.count.toString(36)}"`,
    'X-Cache': isCached ? 'HIT' : 'MISS',
    'X-Cache-TTL': String(CACHE_TTL_S),
  };
  const envelope = Buffer.from(envelopeText(simulator, exchange, view, plan), 'utf8');
  const answer = encode(simulator, exchange, page, { envelope, headers });
  const isWhole = await deliver(simulator, exchange, answer);
  if (isWhole && plan.isUnspoilt && view.kind === 'events') {
    simulator.stats.servedPage(`${view.name} ${plan.start} ${plan.end}`);
  }
}

function encode(
  { settings, cache }: Simulator,
  { request }: Exchange,
  page: RenderedPage,
  { envelope, headers }: Pick<Answer, 'headers'> & { readonly envelope: Buffer },
): Answer {
  const isAccepted = String(request.headers['accept-encoding'] ?? '').includes('gzip');
  if (!settings.gzip || !isAccepted) return { head: page.rows, tail: envelope, headers };
  const rows = cache.deflated(page);
  return {
    head: rows.bytes,
    tail: deflateEnvelope(rows, envelope),
    headers: { ...headers, 'Content-Encoding': 'gzip' },
  };
}

/** The place that the page starts at, or why there is none. */
function readStart(simulator: Simulator, exchange: Exchange, view: View): number | ApiError {
  const text = exchange.url.searchParams.get('cursor');
  if (text === null || text === '') return 0;
  const cursor = simulator.cursors.decode(text);
  if (cursor === null) return CURSOR_INVALID;
  if (cursor.expiresAtMs <= exchange.serverNowMs) return CURSOR_EXPIRED;
  return view.firstAfter(cursor.position);
}

/** Anything but a positive number is the default; too much is cut silently. */
function readLimit(simulator: Simulator, exchange: Exchange): number {
  const { defaultLimit, pageCap } = simulator.settings;
  const asked = Number.parseInt(exchange.url.searchParams.get('limit') ?? '', 10);
  return Math.min(asked > 0 ? asked : defaultLimit, pageCap);
}

function planPage(simulator: Simulator, exchange: Exchange, view: View, asked: number): PagePlan {
  const { cursors, settings, stats } = simulator;
  const limit = readLimit(simulator, exchange);
  const cursorAfter = (place: number) =>
    cursors.encode({
      position: view.positionAt(place - 1),
      expiresAtMs: exchange.serverNowMs + settings.cursorTtlMs,
    });
  const honest = (start: number): PagePlan => {
    const end = Math.min(start + limit, view.count);
    const hasMore = end < view.count;
    const nextCursor = hasMore ? cursorAfter(end) : null;
    return { start, end, limit, hasMore, nextCursor, isUnspoilt: true };
  };
  const page = honest(asked);
  const ownCursor = exchange.url.searchParams.get('cursor');
  const { page: fault, variant } = exchange.plan;
  if (fault === null || exchange.plan.answer !== null) return page;
  if (fault === 'reservedPage' && asked > 0 && page.hasMore) {
    stats.injected(fault);
    const start = Math.max(0, asked - limit);
    return { ...page, start, end: asked, nextCursor: cursorAfter(asked), isUnspoilt: false };
  }
  if (fault === 'duplicateRows' && asked > 0 && limit > 1) {
    stats.injected(fault);
    const repeated = 1 + Math.floor(variant * Math.min(REPEATED_ROWS_MAX, limit - 1, asked));
    return honest(asked - Math.min(repeated, limit - 1, asked));
  }
  if (fault === 'loopingCursor' && page.hasMore && ownCursor !== null) {
    stats.injected(fault);
    return { ...page, nextCursor: ownCursor };
  }
  if (fault === 'missingCursor' && page.hasMore) {
    stats.injected(fault);
    return { ...page, nextCursor: null };
  }
  return page;
}

/** What follows the rows, the closing brace included. */
function envelopeText(
  simulator: Simulator,
  exchange: Exchange,
  view: View,
  plan: PagePlan,
): string {
  const { settings, stats } = simulator;
  const { limit, hasMore, nextCursor } = plan;
  if (settings.flatShape) return `,${JSON.stringify({ hasMore, nextCursor }).slice(1)}`;
  const lies = exchange.plan.sides.has('totalLies');
  if (lies) stats.injected('totalLies');
  // Whole seconds that are left when the answer leaves: a little less than the cursor's life.
  const leftMs = settings.cursorTtlMs - exchange.latencyMs;
  const cursorExpiresIn = nextCursor === null ? null : Math.max(1, Math.ceil(leftMs / 1000));
  const total = lies ? WRONG_TOTAL + (exchange.plan.variant < 0.5 ? 0 : view.count) : view.count;
  const tail = {
    pagination: { limit, hasMore, nextCursor, cursorExpiresIn },
    meta: { total, returned: plan.end - plan.start, requestId: exchange.requestId },
  };
  return `,${JSON.stringify(tail).slice(1)}`;
}
