/**
 * The gate: who may ask, and how often. Decides on a request at its arrival; sends nothing.
 *
 * The key is looked at first: without a good one nothing is logged. A refused request is logged by
 * the limiter but gets no number, so faults are drawn for accepted requests alone.
 */
import { type LimitVerdict, RequestLog } from './limiter.js';
import type { SimulatorSettings } from './settings.js';

export type Bucket = 'events' | 'bulk' | 'sessions' | 'metrics';

/** The key in the query is accepted, as on the live API, and halves the limit. */
const QUERY_KEY = 'api_key';

export type Admission =
  | {
      readonly type: 'admitted';
      /** 0-based number among the accepted requests of the bucket; 0 where there is no bucket. */
      readonly request: number;
      /** Null where no limit holds. */
      readonly verdict: LimitVerdict | null;
    }
  | { readonly type: 'unauthorised'; readonly code: 'MISSING_API_KEY' | 'INVALID_API_KEY' }
  | { readonly type: 'refused'; readonly verdict: LimitVerdict };

export interface GateRequest {
  readonly headerKey: string | undefined;
  readonly query: URLSearchParams;
  /** Null: a key is needed, but no limit holds. */
  readonly bucket: Bucket | null;
  readonly nowMs: number;
}

export class Gate {
  readonly #settings: SimulatorSettings;
  readonly #logs = new Map<string, RequestLog>();
  readonly #accepted = new Map<Bucket, number>();
  #acceptedOfKey = 0;

  constructor(settings: SimulatorSettings) {
    this.#settings = settings;
  }

  admit({ headerKey, query, bucket, nowMs }: GateRequest): Admission {
    const apiKey = headerKey ?? query.get(QUERY_KEY);
    if (apiKey === null || apiKey === '') return { type: 'unauthorised', code: 'MISSING_API_KEY' };
    if (apiKey !== this.#settings.apiKey || this.#isKeyDead()) {
      return { type: 'unauthorised', code: 'INVALID_API_KEY' };
    }
    if (bucket === null) return { type: 'admitted', request: 0, verdict: null };
    const verdict = this.#take(bucket, { apiKey, isQueryKey: headerKey === undefined, nowMs });
    if (verdict !== null && !verdict.isAllowed) return { type: 'refused', verdict };
    const request = this.#accepted.get(bucket) ?? 0;
    this.#accepted.set(bucket, request + 1);
    this.#acceptedOfKey++;
    return { type: 'admitted', request, verdict };
  }

  #isKeyDead(): boolean {
    const { keyDiesAfterRequests } = this.#settings;
    return keyDiesAfterRequests > 0 && this.#acceptedOfKey >= keyDiesAfterRequests;
  }

  #take(
    bucket: Bucket,
    use: { readonly apiKey: string; readonly isQueryKey: boolean; readonly nowMs: number },
  ): LimitVerdict | null {
    const { windowKind, refusedCallsCount } = this.#settings;
    const { quota, windowMs } = this.#limitOf(bucket);
    if (quota === 0) return null;
    const name = JSON.stringify([bucket, use.apiKey, use.isQueryKey]);
    let log = this.#logs.get(name);
    if (log === undefined) {
      const granted = use.isQueryKey ? Math.max(1, Math.floor(quota / 2)) : quota;
      log = new RequestLog({ quota: granted, windowMs, windowKind, refusedCallsCount });
      this.#logs.set(name, log);
    }
    return log.take(use.nowMs);
  }

  #limitOf(bucket: Bucket): { readonly quota: number; readonly windowMs: number } {
    const settings = this.#settings;
    switch (bucket) {
      case 'events':
        return { quota: settings.eventsQuota, windowMs: settings.eventsWindowMs };
      case 'bulk':
        return { quota: settings.bulkQuota, windowMs: settings.bulkWindowMs };
      case 'sessions':
        return { quota: settings.sessionsQuota, windowMs: settings.sessionsWindowMs };
      case 'metrics':
        return { quota: settings.metricsQuota, windowMs: settings.metricsWindowMs };
    }
  }
}
