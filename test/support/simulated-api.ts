/**
 * A fake API for the simulation: rows in order, a sliding limit, expiring cursors, faults. It knows
 * the truth that the properties are checked against.
 */
import type { Fault } from '../../src/core/fault.js';
import type { LimitObservation } from '../../src/core/limit-headers.js';
import { comparePositions, type Position } from '../../src/core/position.js';
import type { CursorBuilder } from '../../src/core/segment.js';
import { limitsSaid } from './limits-said.js';
import { drawInteger, type Random } from './random.js';

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
  /** Share of requests that fail, in one of many ways. */
  readonly faultShare: number;
  readonly latencyMs: number;
}

export interface ApiPage {
  readonly rows: readonly number[];
  readonly nextCursor: string | null;
  readonly hasMore: boolean;
  /** Null on a flat page. */
  readonly returned: number | null;
  readonly total: number | null;
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

const FIRST_MS = 1_769_541_612_369;

export class SimulatedApi {
  readonly settings: ApiSettings;
  readonly positions: readonly Position[];
  /** Arrivals of all requests, refused ones too: the server's log. */
  readonly arrivalsMs: number[] = [];
  refused = 0;
  #hasToldLimits = false;
  readonly #random: Random;
  readonly #key: number;

  constructor(settings: ApiSettings, random: Random) {
    this.settings = settings;
    this.#random = random;
    this.#key = drawInteger(random, 1, 1e9);
    this.positions = makePositions(settings.rows, random);
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
    request: { cursor: string | null; limit: number },
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
      start = isOwn || seeks === 'true' ? this.#indexAfter(position) : 0;
    }
    const count = Math.min(request.limit, this.settings.pageCap);
    // As from a cache, or from a replica that lags: the page of the place before.
    if (this.#random() < faultShare / 20) start = Math.max(0, start - count);
    const end = Math.min(this.positions.length, start + count);
    const hasMore = end < this.positions.length;
    const last = this.positions[end - 1];
    const nextCursor =
      hasMore && last !== undefined
        ? encode(this.#key, last, sentAtMs + clockSkewMs + this.settings.cursorTtlMs)
        : null;
    const rows = Array.from({ length: Math.max(0, end - start) }, (_, offset) => start + offset);
    // Not from the start: answers that say nothing, before any that does, mean that there is no limit.
    const seen = this.#hasToldLimits && this.#random() < 0.05 ? null : limits;
    this.#hasToldLimits = true;
    const breaksAfterHead = this.#random() < faultShare / 3;
    const { isFlat } = this.settings;
    const returned = isFlat ? null : rows.length;
    const total = isFlat ? null : this.positions.length;
    const page = { rows, nextCursor, hasMore, returned, total };
    return { type: 'page', page, limits: seen, breaksAfterHead };
  }

  #indexAfter(position: Position): number {
    let low = 0;
    let high = this.positions.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const at = this.positions[middle] as Position;
      if (comparePositions(at, position) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
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

/** Newest first, about one tie in ten, ids descending within a tie. */
function makePositions(rows: number, random: Random): Position[] {
  const positions: Position[] = [];
  let ms = FIRST_MS;
  for (let row = 0; row < rows; row++) {
    if (random() > 0.1) ms -= drawInteger(random, 1, 1700);
    positions.push({ ms, id: drawInteger(random, 0, 0xffffffff).toString(16).padStart(8, '0') });
  }
  return positions.sort(comparePositions);
}
