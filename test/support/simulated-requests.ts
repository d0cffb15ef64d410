/** The requests of a simulated process: how long each is on its way, what is seen of its answer, what breaks. */
import type { HeadFacts, SchedulerEvent } from '../../src/core/scheduler-types.js';
import type { FetchCommand } from '../../src/runtime/run-observer.js';
import type { HeldBytes } from './held-bytes.js';
import { drawInteger, type Random } from './random.js';
import type { SimulatedApi } from './simulated-api.js';
import type { Hardships } from './simulated-hardships.js';
import { spanOf } from './simulated-source.js';

const SIMULATED = { message: 'simulated', retryable: true };
/** Of the API, seldom: a page that is scanned on a busy machine. */
const SCAN_MS_MAX = 10_000;

/** The time of a process. */
export interface ProcessClock {
  /** Of the API. */
  readonly nowMs: number;
  /** How far the process's clock is ahead of that. */
  readonly clockOffsetMs: number;
  /** By its own clock. */
  readonly clockMs: number;
  /** Happens in the process, if it lives then. */
  at(atMs: number, run: () => void): void;
}

export interface RequestParts {
  readonly api: SimulatedApi;
  readonly random: Random;
  readonly hardships: Pick<Hardships, 'breaks'>;
  readonly clock: ProcessClock;
  readonly held: HeldBytes;
  /** What reaches the API happens there. */
  readonly reach: (atMs: number, run: () => void) => void;
  readonly tell: (event: SchedulerEvent) => void;
  /** The total that an answer tells. @returns as the process takes it */
  readonly total: (said: number | null) => number | null;
}

export class SimulatedRequests {
  readonly #parts: RequestParts;
  readonly #rowsOf = new Map<number, readonly number[]>();
  readonly #tipsInFlight = new Map<number, Set<number>>();
  readonly #headsRead = new Map<number, number>();
  /** The most of one segment. */
  tipsInFlightMax = 0;

  constructor(parts: RequestParts) {
    this.#parts = parts;
  }

  /** Of a page that was scanned. */
  rowsOf(taskId: number): readonly number[] {
    return this.#rowsOf.get(taskId) ?? [];
  }

  send(command: FetchCommand): void {
    const { api, random, clock, held, reach, tell } = this.#parts;
    const { taskId, segment, page, cursor, limit, isHeadOnly, isHeadUrgent } = command;
    const sentAtMs = clock.nowMs + random();
    const arrivesAtMs = sentAtMs + random();
    const latencyMs = api.settings.latencyMs * (0.9 + random() * 0.2);
    const pages = this.#tipsInFlight.get(segment) ?? new Set();
    // A page that is asked for again is a repair, unless its head was never read.
    if (page > (this.#headsRead.get(segment) ?? 0))
      this.#tipsInFlight.set(segment, pages.add(page));
    this.tipsInFlightMax = Math.max(this.tipsInFlightMax, pages.size);
    const { clockOffsetMs } = clock;
    reach(arrivesAtMs, () => {
      const isBehindEnd = command.isBehindEnd === true;
      const asked = { cursor, limit, isRefresh: isHeadOnly, isBehindEnd };
      const exchange = api.exchange(asked, sentAtMs, arrivesAtMs);
      const dateMs = api.dateAt(arrivesAtMs);
      clock.at(arrivesAtMs + latencyMs, () => {
        const headAtMs = clock.clockMs;
        const { limits } = exchange;
        const times = { sentAtMs: sentAtMs + clockOffsetMs, headAtMs, dateMs, limits };
        if (exchange.type === 'fault') {
          pages.delete(page);
          const { fault, hasHead } = exchange;
          return tell({
            ...{ type: 'failed', taskId, fault },
            ...times,
            headAtMs: hasHead ? headAtMs : null,
          });
        }
        const { rows, ...said } = exchange.page;
        const known = { cursorExpiresInMs: null, limit: null };
        const total = this.#parts.total(said.total);
        if (!isHeadOnly) held.hold(taskId, said.bodyBytes);
        const { nextCursor } = said;
        const nextPosition = nextCursor === null ? null : api.paging.placeOf(nextCursor);
        const head = { ...said, total, nextPosition, ...times, endAtMs: headAtMs, ...known };
        const tellHead = (): void => {
          pages.delete(page);
          this.#headsRead.set(segment, Math.max(page, this.#headsRead.get(segment) ?? 0));
          tell({ type: 'head', taskId, head });
        };
        if (isHeadUrgent) tellHead();
        const scanMsMax = random() < 0.1 ? SCAN_MS_MAX : 30;
        clock.at(clock.nowMs + drawInteger(random, 0, scanMsMax), () => {
          if (!isHeadOnly && (exchange.breaksAfterHead || this.#parts.hardships.breaks(rows))) {
            pages.delete(page);
            return this.#breakInScan(taskId, times);
          }
          if (!isHeadUrgent) tellHead();
          if (isHeadOnly) tell({ type: 'refreshed', taskId });
          else this.#scan(taskId, rows);
        });
      });
    });
  }

  #breakInScan(taskId: number, times: Pick<HeadFacts, 'sentAtMs' | 'headAtMs' | 'limits'>): void {
    const { held, random, tell } = this.#parts;
    held.release(taskId);
    const code = random() < 0.5 ? 'PAGE_MALFORMED' : 'WORKER_DIED';
    const fault = { code, ...SIMULATED } as const;
    tell({ type: 'failed', taskId, fault, ...times });
  }

  #scan(taskId: number, rows: readonly number[]): void {
    const { api, tell } = this.#parts;
    this.#rowsOf.set(taskId, rows);
    const span = spanOf(rows.flatMap((row) => api.placeOf(row) ?? []));
    tell({ type: 'scanned', taskId, recordCount: rows.length, ...span });
  }
}
