/**
 * A fake API whose pages are asked for by a count: of the records before them, or of the pages. It may grow
 * behind its end while it is read, and says how much there is, or does not, or says a number that counts only
 * so far, or the records of a page; what lies behind the end is an empty page, or refused.
 */
import type { Fault } from '../../src/core/fault.js';
import { ordinalPlace } from '../../src/paging/ordinals.js';
import type { PageFacts, PageKind } from '../../src/paging/page-kind.js';
import { pageKind } from '../../src/paging/page-kinds.js';
import type { PaginatorPlan } from '../../src/paging/paginator-plan.js';
import type { Paging } from '../../src/paging/paging.js';
import type { Position } from '../../src/paging/position.js';
import { drawInteger, type Random } from './random.js';
import { type ApiPage, type AskedAt, type PageAsked, SimulatedApi } from './simulated-api.js';
import { type ApiSettings, PAGE_BYTES } from './simulated-api-settings.js';

export type Counting = 'records' | 'pages';

/** As far as an API may count that has more. */
const CAP = 1_000;
/** Sizes of which so many pages make up the cap. */
const CAP_SIZES = [5, 8, 10, 20, 25, 40];

const TOTAL = 'total';
const MORE = 'more';
const QUERY = (name: string) => ({ in: 'query', name }) as const;

export class CountedApi extends SimulatedApi {
  readonly #kind: PageKind;
  readonly #counting: Counting;
  /** What pages tell of the end; nothing: an empty page is the end. */
  readonly #tells: typeof TOTAL | typeof MORE | null;
  readonly #refusesBehindEnd: boolean;
  /** What the total counts, where one is told. */
  readonly #totals: 'all' | 'upToCap' | 'ofPage';
  #size: number;

  constructor(settings: ApiSettings, random: Random, counting: Counting) {
    const tells = settings.isFlat ? null : random() < 0.5 ? TOTAL : MORE;
    const totals = tells === TOTAL ? drawTotals(random, counting) : 'all';
    const reshaped =
      totals === 'upToCap'
        ? {
            rows: drawInteger(random, CAP - 50, CAP + 300),
            pageCap: CAP_SIZES[drawInteger(random, 0, CAP_SIZES.length - 1)] ?? 10,
          }
        : totals === 'ofPage'
          ? { shortShare: 0 }
          : {};
    super({ ...settings, ...reshaped, growthShare: 0, sorting: 'untimed' }, random);
    this.#counting = counting;
    this.#tells = tells;
    this.#totals = totals;
    this.#refusesBehindEnd = this.#tells !== null && random() < 0.5;
    this.#size = this.settings.rows;
    this.#kind = pageKind(this.#plan(), { cursorTtlMs: null });
  }

  override get paging(): Paging {
    return this.#kind.paging;
  }

  override placeOf(row: number): Position | null {
    const { pageCap } = this.settings;
    return ordinalPlace(this.#counting === 'records' ? row : Math.floor(row / pageCap));
  }

  protected override answer(
    { cursor, limit, isBehindEnd }: PageAsked,
    _: AskedAt,
  ): { page(): ApiPage } | Fault {
    const { pageCap, shortShare } = this.settings;
    const isByRecord = this.#counting === 'records';
    // New records come behind all others.
    if (this.random() < 0.02) this.#size += drawInteger(this.random, 1, 5);
    const asked = Math.min(limit, pageCap);
    const isShort = isByRecord && this.random() < shortShare;
    const count = isShort ? drawInteger(this.random, 1, asked) : isByRecord ? asked : pageCap;
    const start = (this.#kind.ordinalOf?.(cursor, 0) ?? 0) * (isByRecord ? 1 : pageCap);
    // What an API refuses lies behind the end that it tells.
    const isRefused =
      start >= this.#size && start > 0 && this.#refusesBehindEnd && this.#isTotalTrue;
    const looksBehindEnd = isBehindEnd === true || this.#kind.looksBehindEnd?.(cursor) != null;
    if (isRefused) return looksBehindEnd ? { page: () => NOTHING } : REFUSED;
    const end = Math.min(this.#size, start + count);
    const rows = Array.from({ length: Math.max(0, end - start) }, (_, nth) => start + nth);
    const body =
      this.#tells === TOTAL
        ? { [TOTAL]: this.#totalOf(rows.length) }
        : { [MORE]: end < this.#size };
    return { page: () => this.#page(cursor, rows, isByRecord ? asked : null, body) };
  }

  get #isTotalTrue(): boolean {
    return this.#totals === 'all' || (this.#totals === 'upToCap' && this.#size <= CAP);
  }

  #totalOf(onPage: number): number {
    const inAll =
      this.#counting === 'records' ? this.#size : Math.ceil(this.#size / this.settings.pageCap);
    if (this.#totals === 'all') return inAll;
    return this.#totals === 'ofPage' ? onPage : Math.min(inAll, CAP);
  }

  #page(
    cursor: string | null,
    rows: readonly number[],
    size: number | null,
    body: object,
  ): ApiPage {
    const { pageBytesMax } = this.settings;
    const seen: PageFacts = {
      body,
      bodyText: () => '',
      header: () => null,
      recordCount: rows.length,
      lastRecordText: () => null,
      fingerprint: () => (rows.length === 0 ? null : rows.join()),
      ...{ url: '', cursor, size, status: 200 },
    };
    const way = this.#kind.next(seen);
    const last = this.#kind.lastOrdinalOf?.(seen) ?? null;
    return {
      rows,
      nextCursor: way.type === 'next' ? way.cursor : null,
      hasMore: way.type === 'next',
      returned: rows.length,
      total: this.#kind.totalOf(seen),
      lastPlace: last === null ? null : ordinalPlace(last),
      passesTotal: this.#kind.passesTotal?.(seen) ?? false,
      bodyBytes:
        pageBytesMax === PAGE_BYTES ? PAGE_BYTES : drawInteger(this.random, 1, pageBytesMax),
    };
  }

  #plan(): PaginatorPlan {
    const common = {
      ...{ start: 0, totalPath: this.#tells === TOTAL ? TOTAL : null },
      hasMorePath: this.#tells === MORE ? MORE : null,
      stopAfterEmptyPage: true,
    };
    return this.#counting === 'pages'
      ? { type: 'page_number', base: 0, place: QUERY('page'), maximumPage: null, ...common }
      : {
          ...{ type: 'offset', limit: this.settings.pageCap, maximumOffset: null },
          ...{ offsetPlace: QUERY('offset'), limitPlace: QUERY('limit') },
          ...common,
        };
  }
}

function drawTotals(random: Random, counting: Counting): 'all' | 'upToCap' | 'ofPage' {
  const drawn = random();
  if (drawn < 0.6) return 'all';
  return drawn < 0.8 && counting === 'records' ? 'upToCap' : 'ofPage';
}

/** What the worker makes of that where the end was told. */
const NOTHING: ApiPage = {
  ...{ rows: [], nextCursor: null, hasMore: false, returned: 0, total: null },
  bodyBytes: PAGE_BYTES,
};

/** As many APIs answer who asks for what lies behind the end. */
const REFUSED: Fault = {
  code: 'UNEXPECTED_STATUS',
  message: 'simulated HTTP 404',
  retryable: false,
  status: 404,
};
