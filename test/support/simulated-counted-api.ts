/**
 * A fake API whose pages are asked for by a count: of the records before them, or of the pages. It may grow
 * behind its end while it is read, and says how much there is, or does not; what lies behind the end is an
 * empty page, or refused.
 */
import type { Fault } from '../../src/core/fault.js';
import { ordinalPlace } from '../../src/paging/ordinals.js';
import type { PageFacts, PageKind } from '../../src/paging/page-kind.js';
import { pageKind } from '../../src/paging/page-kinds.js';
import type { PaginatorPlan } from '../../src/paging/paginator-plan.js';
import type { Paging } from '../../src/paging/paging.js';
import type { Position } from '../../src/paging/position.js';
import { drawInteger, type Random } from './random.js';
import {
  type ApiPage,
  type ApiSettings,
  type AskedAt,
  PAGE_BYTES,
  type PageAsked,
  SimulatedApi,
} from './simulated-api.js';

export type Counting = 'records' | 'pages';

const TOTAL = 'total';
const MORE = 'more';
const QUERY = (name: string) => ({ in: 'query', name }) as const;

export class CountedApi extends SimulatedApi {
  readonly #kind: PageKind;
  readonly #counting: Counting;
  /** What pages tell of the end; nothing: an empty page is the end. */
  readonly #tells: typeof TOTAL | typeof MORE | null;
  readonly #refusesBehindEnd: boolean;
  #size: number;

  constructor(settings: ApiSettings, random: Random, counting: Counting) {
    super({ ...settings, growthShare: 0, sorting: 'untimed' }, random);
    this.#counting = counting;
    this.#tells = settings.isFlat ? null : random() < 0.5 ? TOTAL : MORE;
    this.#refusesBehindEnd = this.#tells !== null && random() < 0.5;
    this.#size = settings.rows;
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
    const start = Number(cursor ?? 0) * (isByRecord ? 1 : pageCap);
    const isRefused = start >= this.#size && start > 0 && this.#refusesBehindEnd;
    if (isRefused) return isBehindEnd === true ? { page: () => NOTHING } : REFUSED;
    const end = Math.min(this.#size, start + count);
    const rows = Array.from({ length: Math.max(0, end - start) }, (_, nth) => start + nth);
    const said = { [TOTAL]: isByRecord ? this.#size : Math.ceil(this.#size / pageCap) };
    const body = this.#tells === TOTAL ? said : { [MORE]: end < this.#size };
    return { page: () => this.#page(cursor, rows, isByRecord ? asked : null, body) };
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
