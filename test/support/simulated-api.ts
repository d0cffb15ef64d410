/**
 * A fake API for the simulation: rows in order, a sliding limit, expiring cursors, faults. It knows
 * the truth that the properties are checked against.
 */
import type { Fault } from '../../src/core/fault.js';
import type { LimitObservation } from '../../src/core/limit-headers.js';
import { cursorChain } from '../../src/paging/cursor-chain.js';
import type { Paging } from '../../src/paging/paging.js';
import { placeCursor } from '../../src/paging/place-cursor.js';
import type { Position } from '../../src/paging/position.js';
import { limitsSaid } from './limits-said.js';
import { drawInteger, type Random } from './random.js';
import { BUILT, decode, encode } from './simulated-cursors.js';
import { SimulatedSource, type SourceSettings } from './simulated-source.js';

/** Of a page where all weigh the same. */
export const PAGE_BYTES = 1000;

export interface ApiSettings extends SourceSettings {
  /** The source file says that records are newest first, and that cursors can be made. */
  readonly isDeclared: boolean;
  /** Share of requests before which a row is added, at the start or at the end. */
  readonly growthShare: number;
  /** Never behind its end. @default false */
  readonly growsAtStart?: boolean;
  /** Share of pages that begin with the last row of the page before, whose content has changed. */
  readonly repeatShare: number;
  readonly pageCap: number;
  /** Null: no limit, and no header that tells of one. */
  readonly quota: number | null;
  readonly windowMs: number;
  readonly cursorTtlMs: number;
  /** The cursor behind a row is always the same, and does not expire. */
  readonly isStable: boolean;
  /** How far the server's clock is ahead of the program's. */
  readonly clockSkewMs: number;
  readonly isOpaque: boolean;
  /** What becomes of a cursor that the server did not make: `ignored` gives the first page. */
  readonly seeks: 'true' | 'refused' | 'ignored';
  /** Pages say neither how many records they hold nor how many there are. */
  readonly isFlat: boolean;
  /** Share of pages that hold fewer records than they might. */
  readonly shortShare: number;
  /** The largest page; each has a size of its own, whatever it holds. */
  readonly pageBytesMax: number;
  /** Share of pages that say there is no more though there is. */
  readonly falseEndShare: number;
  /** From this row on its cursors lead back to the page before, for ever; null: they do not. */
  readonly loopsFromRow: number | null;
  /** No answer that is a page says nothing of the limit. @default false */
  readonly alwaysTells?: boolean;
  /** Share of requests that fail, in one of many ways. */
  readonly faultShare: number;
  readonly latencyMs: number;
}

/** Pages that are whole, in order, and all of one size. */
export const STEADY = {
  isStable: false,
  isDeclared: true,
  sorting: 'newestFirst',
  growthShare: 0,
  repeatShare: 0,
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
  /** See `Envelope`. */
  readonly lastPlace?: Position | null;
  readonly passesTotal?: boolean;
  readonly bodyBytes: number;
}

export interface PageAsked {
  readonly cursor: string | null;
  readonly limit: number;
  readonly isRefresh: boolean;
  /** A refusal of the place is read as a last page without records. */
  readonly isBehindEnd?: boolean;
}

/** By the program's clock and by the server's. */
export interface AskedAt {
  readonly sentAtMs: number;
  readonly arrivesAtMs: number;
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
  protected readonly random: Random;
  /** Arrivals of all requests, refused ones too: the server's log. */
  readonly arrivalsMs: number[] = [];
  refused = 0;
  #hasToldLimits = false;
  /** The cursor that was last given behind a row, as a cache has it. */
  readonly #given = new Map<string, string>();
  readonly #key: number;

  constructor(settings: ApiSettings, random: Random) {
    this.settings = settings;
    this.random = random;
    this.#key = drawInteger(random, 1, 1e9);
    this.source = new SimulatedSource(settings, random);
  }

  /** A process begins: what it is told first tells of the limit. */
  greet(): void {
    this.#hasToldLimits = false;
  }

  /** Of a child stream the values of each parent, as JSON text; null: it stands by itself. */
  readonly parents: readonly string[] | null = null;
  get positions(): readonly Position[] {
    return this.source.positions;
  }

  /** As its source file has it, which may not be true. */
  get paging(): Paging {
    const { cursorTtlMs: cursorLifeMs, isDeclared, isOpaque } = this.settings;
    if (!isDeclared) return cursorChain({ cursorLifeMs });
    const codec = {
      read: (cursor: string) => (isOpaque ? null : decode(cursor).position),
      write: (position: Position, expiresAtMs: number) => encode(BUILT, position, expiresAtMs),
    };
    return placeCursor({ cursorLifeMs, codec });
  }

  /** The place that a row shows; null: none. */
  placeOf(row: number): Position | null {
    return this.settings.sorting === 'untimed' ? null : (this.positions[row] ?? null);
  }

  /** The date of an answer: whole seconds by the server's clock. */
  dateAt(arrivesAtMs: number): number {
    return Math.floor((arrivesAtMs + this.settings.clockSkewMs) / 1000) * 1000;
  }

  /** @param arrivesAtMs when the server logs the request */
  exchange(request: PageAsked, sentAtMs: number, arrivesAtMs: number): Exchange {
    const { quota, windowMs, faultShare } = this.settings;
    if (this.random() < faultShare / 3)
      return { type: 'fault', fault: fault('NETWORK'), limits: null, hasHead: false };
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
    if (this.random() < faultShare / 3) {
      const code = this.random() < 0.5 ? 'HTTP_STATUS' : 'TIMEOUT';
      return { type: 'fault', fault: { ...fault(code), status: 503 }, limits, hasHead: true };
    }
    if (this.#happens(this.settings.growthShare)) {
      this.source.grow(this.settings.growsAtStart === true || this.random() < 0.5, this.random);
    }
    const answer = this.answer(request, { sentAtMs, arrivesAtMs });
    if ('code' in answer) return { type: 'fault', fault: answer, limits, hasHead: true };
    // Not from the start: answers that say nothing, before any that does, mean that there is no limit.
    const isSilent = this.#hasToldLimits && this.random() < 0.05;
    const seen = isSilent && this.settings.alwaysTells !== true ? null : limits;
    this.#hasToldLimits = true;
    const breaksAfterHead = this.random() < faultShare / 3;
    return { type: 'page', page: answer.page(), limits: seen, breaksAfterHead };
  }

  /** What a request that is let in is answered with, or why it is no page. */
  protected answer(request: PageAsked, times: AskedAt): { page(): ApiPage } | Fault {
    const { sentAtMs, arrivesAtMs } = times;
    const { clockSkewMs, faultShare, isOpaque, seeks } = this.settings;
    let start: number | null = 0;
    let beforeMs = Number.POSITIVE_INFINITY;
    if (request.cursor !== null) {
      const { mark, position, expiresAtMs, beforeMs: given } = decode(request.cursor);
      beforeMs = given;
      const isOwn = mark === this.#key;
      if (!isOwn && (isOpaque || seeks === 'refused')) return fault('CURSOR_INVALID');
      if (expiresAtMs < arrivesAtMs + clockSkewMs) {
        return fault('CURSOR_EXPIRED');
      }
      const isFilter = !isOwn && seeks === 'true' && this.source.isFiltered;
      if (isFilter && this.source.indexOf(position) === null) beforeMs = position.ms;
      else if (isOwn || seeks === 'true') start = this.source.indexAfter(position, beforeMs);
      if (start === null) return fault('CURSOR_INVALID');
    }
    // As from a cache, or from a replica that lags: the page of the place before.
    const isOld = this.random() < faultShare / 20;
    const after = start;
    return { page: () => this.#page(after, request, { isOld, sentAtMs, beforeMs }) };
  }

  #page(
    after: number,
    { limit, isRefresh }: { readonly limit: number; readonly isRefresh: boolean },
    asked: { readonly isOld: boolean; readonly sentAtMs: number; readonly beforeMs: number },
  ): ApiPage {
    const { isOld, sentAtMs, beforeMs } = asked;
    const served = this.source.served(beforeMs);
    const { pageCap, pageBytesMax, isFlat, isOpaque, isDeclared } = this.settings;
    const { shortShare, falseEndShare } = this.settings;
    const rowCount = served.length;
    const largest = Math.min(limit, pageCap);
    const behind = isOld ? Math.max(0, after - largest) : after;
    const start = this.#repeats(served, behind, largest) ? behind - 1 : behind;
    const count = this.#happens(shortShare)
      ? drawInteger(this.random, behind - start + 1, largest)
      : largest;
    let end = Math.min(rowCount, start + count);
    // A cached page says what was true when it was made.
    const isFalseEnd = !isOld && end < rowCount && this.#happens(falseEndShare);
    if (isFalseEnd) end = behind + drawInteger(this.random, 0, Math.max(0, end - behind));
    // Who asks for a cursor once more may get one that leads elsewhere; a readable one shows it.
    if (isRefresh && !isOpaque && isDeclared && this.#happens(this.settings.faultShare)) {
      end = Math.min(rowCount, end + drawInteger(this.random, 1, largest));
    }
    const hasMore = !isFalseEnd && end < rowCount;
    return {
      rows: served.slice(start, end),
      nextCursor: hasMore
        ? this.#cursorBehind(served, end, { start: behind, isOld, sentAtMs, beforeMs })
        : null,
      hasMore,
      returned: isFlat ? null : end - start,
      total: isFlat ? null : this.source.size,
      bodyBytes:
        pageBytesMax === PAGE_BYTES ? PAGE_BYTES : drawInteger(this.random, 1, pageBytesMax),
    };
  }

  /** Whether a page begins with the row before it: the same each time that it is asked for. */
  #repeats(served: readonly number[], start: number, largest: number): boolean {
    const before = this.positions[served[start - 1] ?? -1];
    if (before === undefined || start >= served.length || largest < 3) return false;
    const drawn = Number.parseInt(before.id.slice(0, 4), 16) / 0x10000;
    return drawn < this.settings.repeatShare;
  }

  /** Draws nothing where it never does. */
  #happens(share: number): boolean {
    return share > 0 && this.random() < share;
  }

  #cursorBehind(
    served: readonly number[],
    end: number,
    asked: {
      readonly start: number;
      readonly isOld: boolean;
      readonly sentAtMs: number;
      readonly beforeMs: number;
    },
  ): string {
    const { clockSkewMs, cursorTtlMs, isStable, loopsFromRow } = this.settings;
    const placeBefore = (index: number) => this.positions[served[index - 1] ?? -1];
    const position = placeBefore(end);
    if (position === undefined) throw new Error('a cursor leads behind a row');
    const given = this.#given.get(position.id);
    if (asked.isOld && given !== undefined) return given;
    const isLoop = loopsFromRow !== null && end > loopsFromRow;
    const before = isLoop ? this.#given.get(placeBefore(asked.start)?.id ?? '') : undefined;
    if (before !== undefined) return before;
    const livesUntilMs = asked.sentAtMs + clockSkewMs + cursorTtlMs;
    const expiresAtMs = isStable ? Number.POSITIVE_INFINITY : livesUntilMs;
    const cursor = encode(this.#key, position, expiresAtMs, asked.beforeMs);
    this.#given.set(position.id, cursor);
    return cursor;
  }
}

function fault(code: Fault['code']): Fault {
  return { code, message: `simulated ${code}`, retryable: true };
}
