/**
 * A fake API for the simulation: rows in order, a sliding limit, expiring cursors, faults. It knows
 * the truth that the properties are checked against.
 */
import type { Fault } from '../../src/core/fault.js';
import type { LimitObservation } from '../../src/core/limit-headers.js';
import type { Position } from '../../src/core/position.js';
import type { CursorBuilder } from '../../src/core/segment.js';
import { limitsSaid } from './limits-said.js';
import { drawInteger, type Random } from './random.js';
import { SimulatedSource, type TieOrder } from './simulated-source.js';

/** Of a page where all weigh the same. */
export const PAGE_BYTES = 1000;

export interface ApiSettings {
  readonly rows: number;
  readonly pageCap: number;
  /** Null: no limit, and no header that tells of one. */
  readonly quota: number | null;
  readonly windowMs: number;
  readonly cursorTtlMs: number;
  /** How far the server's clock is ahead of the program's. */
  readonly clockSkewMs: number;
  readonly isOpaque: boolean;
  /** What becomes of a cursor that the server did not make: `ignored` gives the first page. */
  readonly seeks: 'true' | 'refused' | 'ignored';
  /** Pages say neither how many records they hold nor how many there are. */
  readonly isFlat: boolean;
  readonly tieOrder: TieOrder;
  /** Share of rows that have the instant of the row before. */
  readonly tieShare: number;
  /** Share of pages that hold fewer records than they might. */
  readonly shortShare: number;
  /** The largest page; each has a size of its own, whatever it holds. */
  readonly pageBytesMax: number;
  /** Share of pages that say there is no more though there is. */
  readonly falseEndShare: number;
  /** From this row on its cursors lead back to the page before, for ever; null: they do not. */
  readonly loopsFromRow: number | null;
  /** Share of requests that fail, in one of many ways. */
  readonly faultShare: number;
  readonly latencyMs: number;
}

/** Pages that are whole, in order, and all of one size. */
export const STEADY = {
  tieOrder: 'descending',
  tieShare: 0.1,
  shortShare: 0,
  pageBytesMax: PAGE_BYTES,
  falseEndShare: 0,
  loopsFromRow: null,
} as const satisfies Partial<ApiSettings>;

export interface ApiPage {
  readonly rows: readonly number[];
  readonly nextCursor: string | null;
  readonly hasMore: boolean;
  /** Null on a flat page. */
  readonly returned: number | null;
  readonly total: number | null;
  readonly bodyBytes: number;
}

/** How an exchange goes: what is seen, and when. */
export type Exchange =
  | {
      readonly type: 'page';
      readonly page: ApiPage;
      readonly limits: LimitObservation | null;
      readonly breaksAfterHead: boolean;
    }
  | {
      readonly type: 'fault';
      readonly fault: Fault;
      readonly limits: LimitObservation | null;
      readonly hasHead: boolean;
    };

export class SimulatedApi {
  readonly settings: ApiSettings;
  readonly source: SimulatedSource;
  /** Arrivals of all requests, refused ones too: the server's log. */
  readonly arrivalsMs: number[] = [];
  refused = 0;
  #hasToldLimits = false;
  /** The cursor that was last given behind a row, as a cache has it. */
  readonly #given = new Map<number, string>();
  readonly #random: Random;
  readonly #key: number;

  constructor(settings: ApiSettings, random: Random) {
    this.settings = settings;
    this.#random = random;
    this.#key = drawInteger(random, 1, 1e9);
    this.source = new SimulatedSource(settings, random);
  }

  get positions(): readonly Position[] {
    return this.source.positions;
  }

  /** The place that a cursor points behind; null: it is opaque, or there is none. */
  readCursor(cursor: string | null): Position | null {
    return cursor === null || this.settings.isOpaque ? null : decode(cursor).position;
  }

  get cursors(): CursorBuilder {
    const { cursorTtlMs } = this.settings;
    return {
      cursorTtlMs,
      buildCursor: (position, expiresAtMs) => encode(BUILT, position, expiresAtMs),
    };
  }

  /** The date of an answer: whole seconds by the server's clock. */
  dateAt(arrivesAtMs: number): number {
    return Math.floor((arrivesAtMs + this.settings.clockSkewMs) / 1000) * 1000;
  }

  /** @param arrivesAtMs when the server logs the request */
  exchange(
    request: { cursor: string | null; limit: number; isRefresh: boolean },
    sentAtMs: number,
    arrivesAtMs: number,
  ): Exchange {
    const { quota, windowMs, faultShare, clockSkewMs } = this.settings;
    const isLost = this.#random() < faultShare / 3;
    if (isLost) return { type: 'fault', fault: fault('NETWORK'), limits: null, hasHead: false };
    const inWindow = this.arrivalsMs.filter((atMs) => atMs > arrivesAtMs - windowMs).length;
    this.arrivalsMs.push(arrivesAtMs);
    const remaining = Math.max(0, (quota ?? 0) - inWindow - 1);
    const oldest = this.arrivalsMs[this.arrivalsMs.length - inWindow - 1] ?? arrivesAtMs;
    const resetMs = Math.ceil((oldest + windowMs - arrivesAtMs) / 1000) * 1000;
    const limits = quota === null ? null : limitsSaid({ quota, remaining, resetMs });
    if (quota !== null && inWindow >= quota) {
      this.refused++;
      const refusal = { ...fault('RATE_LIMITED'), retryAfterMs: resetMs };
      return { type: 'fault', fault: refusal, limits, hasHead: true };
    }
    if (this.#random() < faultShare / 3) {
      const code = this.#random() < 0.5 ? 'HTTP_STATUS' : 'TIMEOUT';
      return { type: 'fault', fault: { ...fault(code), status: 503 }, limits, hasHead: true };
    }
    let start = 0;
    if (request.cursor !== null) {
      const { mark, position, expiresAtMs } = decode(request.cursor);
      const { isOpaque, seeks } = this.settings;
      const isOwn = mark === this.#key;
      if (!isOwn && (isOpaque || seeks === 'refused'))
        return { type: 'fault', fault: fault('CURSOR_INVALID'), limits, hasHead: true };
      if (expiresAtMs < arrivesAtMs + clockSkewMs) {
        return { type: 'fault', fault: fault('CURSOR_EXPIRED'), limits, hasHead: true };
      }
      start = isOwn || seeks === 'true' ? this.source.indexAfter(position) : 0;
    }
    // As from a cache, or from a replica that lags: the page of the place before.
    const isOld = this.#random() < faultShare / 20;
    // Not from the start: answers that say nothing, before any that does, mean that there is no limit.
    const seen = this.#hasToldLimits && this.#random() < 0.05 ? null : limits;
    this.#hasToldLimits = true;
    const breaksAfterHead = this.#random() < faultShare / 3;
    const page = this.#page(start, request, { isOld, sentAtMs });
    return { type: 'page', page, limits: seen, breaksAfterHead };
  }

  #page(
    after: number,
    { limit, isRefresh }: { readonly limit: number; readonly isRefresh: boolean },
    { isOld, sentAtMs }: { readonly isOld: boolean; readonly sentAtMs: number },
  ): ApiPage {
    const { pageCap, pageBytesMax, isFlat, isOpaque, shortShare, falseEndShare } = this.settings;
    const rowCount = this.positions.length;
    const largest = Math.min(limit, pageCap);
    const start = isOld ? Math.max(0, after - largest) : after;
    const count = this.#happens(shortShare) ? drawInteger(this.#random, 1, largest) : largest;
    let end = Math.min(rowCount, start + count);
    const isFalseEnd = end < rowCount && this.#happens(falseEndShare);
    if (isFalseEnd) end = start + drawInteger(this.#random, 0, end - start);
    // Who asks for a cursor once more may get one that leads elsewhere; a readable one shows it.
    if (isRefresh && !isOpaque && this.#happens(this.settings.faultShare)) {
      end = Math.min(rowCount, end + drawInteger(this.#random, 1, largest));
    }
    const hasMore = !isFalseEnd && end < rowCount;
    return {
      rows: Array.from({ length: Math.max(0, end - start) }, (_, offset) => start + offset),
      nextCursor: hasMore ? this.#cursorBehind(end, { start, isOld, sentAtMs }) : null,
      hasMore,
      returned: isFlat ? null : end - start,
      total: isFlat ? null : rowCount,
      bodyBytes:
        pageBytesMax === PAGE_BYTES ? PAGE_BYTES : drawInteger(this.#random, 1, pageBytesMax),
    };
  }

  /** Draws nothing where it never does. */
  #happens(share: number): boolean {
    return share > 0 && this.#random() < share;
  }

  #cursorBehind(
    end: number,
    asked: { readonly start: number; readonly isOld: boolean; readonly sentAtMs: number },
  ): string {
    const { clockSkewMs, cursorTtlMs, loopsFromRow } = this.settings;
    const given = this.#given.get(end);
    if (asked.isOld && given !== undefined) return given;
    const isLoop = loopsFromRow !== null && end > loopsFromRow;
    const before = isLoop ? this.#given.get(asked.start) : undefined;
    if (before !== undefined) return before;
    const expiresAtMs = asked.sentAtMs + clockSkewMs + cursorTtlMs;
    const cursor = encode(this.#key, this.positions[end - 1] as Position, expiresAtMs);
    this.#given.set(end, cursor);
    return cursor;
  }
}

/** The mark of a cursor that the server did not make. */
const BUILT = 0;

function encode(mark: number, { ms, id }: Position, expiresAtMs: number): string {
  return `${mark}|${ms}|${id}|${expiresAtMs}`;
}

function decode(cursor: string): { mark: number; position: Position; expiresAtMs: number } {
  const [mark, ms, id, expiresAtMs] = cursor.split('|');
  const position = { ms: Number(ms), id: id ?? '' };
  return { mark: Number(mark), position, expiresAtMs: Number(expiresAtMs) };
}

function fault(code: Fault['code']): Fault {
  return { code, message: `simulated ${code}`, retryable: true };
}
