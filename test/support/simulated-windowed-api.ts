/**
 * A fake API that is asked for spans of time: it refuses one that holds too much, and has pages of its own
 * inside. Its instants are unevenly spread, with long stretches that hold nothing.
 */
import type { Fault } from '../../src/core/fault.js';
import { ordinalPlace } from '../../src/paging/ordinals.js';
import type { PageFacts, PageKind } from '../../src/paging/page-kind.js';
import { pageKind } from '../../src/paging/page-kinds.js';
import type { PaginatorPlan } from '../../src/paging/paginator-plan.js';
import type { Paging, Way } from '../../src/paging/paging.js';
import type { Position } from '../../src/paging/position.js';
import { drawInteger, type Random } from './random.js';
import { type ApiPage, type AskedAt, type PageAsked, SimulatedApi } from './simulated-api.js';
import { type ApiSettings, PAGE_BYTES } from './simulated-api-settings.js';

const FIRST_MS = 1_704_067_200_000;
const TOO_MUCH = 422;
const QUERY = (name: string) => ({ in: 'query', name }) as const;

export class WindowedApi extends SimulatedApi {
  readonly #kind: PageKind;
  /** By row, ascending; no two are the same. */
  readonly #instantsMs: readonly number[];
  readonly #recordsMax: number;
  readonly #pagesInside: boolean;
  /** Of the window that a row came in last. */
  readonly #startMs = new Map<number, number>();

  constructor(settings: ApiSettings, random: Random) {
    super({ ...settings, growthShare: 0, sorting: 'untimed' }, random);
    const spread = drawInteger(random, 1, 2_000);
    let atMs = FIRST_MS - 1;
    this.#instantsMs = Array.from({ length: settings.rows }, () => {
      atMs += random() < 0.03 ? spread * 100 : drawInteger(random, 1, spread);
      return atMs;
    });
    const spanMs = atMs + drawInteger(random, 1, spread * 50) - FIRST_MS;
    this.#pagesInside = random() < 0.6;
    this.#recordsMax = random() < 0.5 ? Number.POSITIVE_INFINITY : drawInteger(random, 3, 60);
    const windows = drawInteger(random, 1, 60);
    const windowMs = Math.max(1, Math.ceil(spanMs / windows));
    const plan = this.#plan(windowMs, FIRST_MS + spanMs);
    // A cursor inside a window cannot be built: it must outlive a whole window of the limit and some faults.
    const ttlMs = settings.cursorTtlMs + settings.windowMs + 130_000;
    const cursorTtlMs = random() < 0.5 ? null : ttlMs;
    this.#kind = pageKind(plan, { cursorTtlMs, knowsRows: true });
  }

  override get paging(): Paging {
    return this.#kind.paging;
  }

  override placeOf(row: number): Position | null {
    const startMs = this.#startMs.get(row);
    return startMs === undefined ? null : ordinalPlace(startMs);
  }

  protected override answer({ cursor, limit }: PageAsked, _: AskedAt): { page(): ApiPage } | Fault {
    const { query = {} } = this.#kind.request(cursor, null);
    const [fromMs, toMs] = [Number(query.from), Number(query.to)];
    const inside = this.#instantsMs.flatMap((ms, row) => (ms >= fromMs && ms < toMs ? [row] : []));
    if (inside.length > this.#recordsMax) {
      return { page: () => this.#page([], this.#refusedWay(cursor)) };
    }
    const start = this.#pagesInside ? Number(query.offset ?? 0) : 0;
    const size = this.#pagesInside ? Math.min(limit, this.settings.pageCap) : inside.length;
    const rows = inside.slice(start, start + size);
    const startMs = this.#kind.startOf?.(cursor) ?? 0;
    for (const row of rows) this.#startMs.set(row, startMs);
    return { page: () => this.#page(rows, this.#kind.next(seenOf(cursor, rows, size))) };
  }

  #refusedWay(cursor: string | null): Way {
    const way = this.#kind.refused?.(TOO_MUCH, cursor);
    if (way == null) throw new Error('a span of one instant holds one record');
    return way;
  }

  #page(rows: readonly number[], way: Way): ApiPage {
    if (way.type === 'broken') throw new Error(way.reason);
    const last = this.#kind.lastOrdinalOf?.(seenOf(null, rows, null)) ?? null;
    const { pageBytesMax } = this.settings;
    return {
      rows,
      nextCursor: way.type === 'next' ? way.cursor : null,
      hasMore: way.type === 'next',
      ...{ returned: rows.length, total: null },
      lastPlace: last === null ? null : ordinalPlace(last),
      bodyBytes:
        pageBytesMax === PAGE_BYTES ? PAGE_BYTES : drawInteger(this.random, 1, pageBytesMax),
    };
  }

  #plan(windowMs: number, end: number): PaginatorPlan {
    return {
      ...{ type: 'time_window', start: FIRST_MS, end, windowMs, splitOn: [TOO_MUCH], stepMs: null },
      ...{ startPlace: QUERY('from'), endPlace: QUERY('to') },
      inner: this.#pagesInside
        ? {
            ...{ type: 'offset', start: 0, limit: this.settings.pageCap, maximumOffset: null },
            ...{ offsetPlace: QUERY('offset'), limitPlace: null, totalPath: null },
            ...{ hasMorePath: null, stopAfterEmptyPage: true },
          }
        : { type: 'single_page' },
    };
  }
}

function seenOf(cursor: string | null, rows: readonly number[], size: number | null): PageFacts {
  return {
    body: {},
    bodyText: () => '',
    header: () => null,
    recordCount: rows.length,
    lastRecordText: () => null,
    fingerprint: () => (rows.length === 0 ? null : rows.join()),
    ...{ url: '', cursor, size, status: 200 },
  };
}
