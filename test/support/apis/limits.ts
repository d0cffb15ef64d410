/** The limits that the fixtures keep, over the limiter models of the bench, and how they refuse. */
import type { Announcer } from '../../../bench/limiters/announce.js';
import { silent } from '../../../bench/limiters/announce.js';
import {
  concurrency,
  fixedWindow,
  type LimiterModel,
  slidingLog,
} from '../../../bench/limiters/models.js';
import type { ApiAnswer, ApiOptions, ApiRequest, Headers, QuotaOption } from './contract.js';

export interface Arrival {
  /** What its answer announces, whether it is refused or not. */
  readonly headers: Headers;
  readonly refusal: ApiAnswer | null;
}

export interface ApiLimit {
  /** What the log of requests calls it. */
  readonly name: string;
  /** Counts a request. @returns null where the limit does not concern it */
  arrive(request: ApiRequest): Arrival | null;
  /** A request that was permitted has been answered. */
  leave(nowMs: number): void;
}

export interface LimitPlan {
  readonly name: string;
  readonly announce?: Announcer;
  readonly refusal: ApiAnswer;
  /** All requests by default. */
  readonly concerns?: (request: ApiRequest) => boolean;
}

export interface QuotaPlan extends LimitPlan {
  /** Of the contract. */
  readonly standard: QuotaOption;
  /**
   * A fixed window opens with the first request after the last one has ended. Those of a grid follow each
   * other at whole multiples of their length.
   */
  readonly window: 'sliding' | 'fixed' | 'grid';
  /** In place of the contract's; null: no limit. */
  readonly override?: QuotaOption | null | undefined;
}

/** A quota of requests in a window: one limit, or none where the test wants none. */
export function quotaLimit(plan: QuotaPlan): ApiLimit[] {
  const { standard, override, announce = silent } = plan;
  if (override === null) return [];
  const { quota, windowMs } = override ?? standard;
  const opensWith = plan.window === 'grid' ? 'grid' : 'request';
  const model =
    plan.window === 'sliding'
      ? slidingLog({ quota, windowMs, announce, refusedCallsCount: false })
      : fixedWindow({ quota, windowMs, announce, opensWith });
  return [limitOf(plan, model)];
}

/** So many requests at once. @param standard of the contract; null: it has no such limit */
export function inFlightLimit(
  plan: LimitPlan,
  standard: number | null,
  { inFlightMax = standard }: ApiOptions,
): ApiLimit[] {
  if (inFlightMax === null) return [];
  return [limitOf(plan, concurrency({ inFlightMax, announce: plan.announce ?? silent }))];
}

function limitOf(plan: LimitPlan, model: LimiterModel): ApiLimit {
  return {
    name: plan.name,
    arrive(request) {
      if (plan.concerns?.(request) === false) return null;
      const { accepted, headers } = model.accept(request.nowMs);
      return { headers, refusal: accepted ? null : plan.refusal };
    },
    leave: (nowMs) => model.release(nowMs),
  };
}

/** `Retry-After` in whole seconds, at least one, on refusals alone. */
export const retryAfterSeconds: Announcer = ({ accepted, retryMs }) =>
  accepted ? {} : { 'Retry-After': String(Math.max(1, Math.ceil(retryMs / 1000))) };
