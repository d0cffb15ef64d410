/**
 * What the fixtures share that follow no one's API but a common way of paging: a key in a header, in the
 * query or in a cookie, a limit with `X-RateLimit-*` headers, errors as problem details (RFC 9457).
 */
import { together, xRateLimit } from '../../../bench/limiters/announce.js';
import type { Collection } from './collection.js';
import {
  type ApiAnswer,
  type ApiContract,
  type ApiOptions,
  type ApiRequest,
  credentialOf,
  type JsonRecord,
  json,
} from './contract.js';
import { type Draw, isoMilliseconds } from './draw.js';
import { inFlightLimit, quotaLimit, retryAfterSeconds } from './limits.js';
import { bearerToken, header } from './requests.js';

/** The key as `X-Api-Key`, `?api_key=`, the cookie `api_key` or a bearer token. */
export function presentedKey(request: ApiRequest): string | null {
  const cookie = /(?:^|;\s*)api_key=([^;]+)/.exec(header(request, 'cookie') ?? '')?.[1] ?? null;
  const query = request.url.searchParams.get('api_key');
  return header(request, 'x-api-key') ?? query ?? cookie ?? bearerToken(request);
}

export interface PlainPlan<Stream extends string> {
  readonly options: ApiOptions<Stream>;
  readonly streams: Readonly<Record<Stream, Collection>>;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly answer: (request: ApiRequest) => ApiAnswer;
}

/** One endpoint; 10 requests in any second unless the options say otherwise. */
export function plainApi<Stream extends string>(plan: PlainPlan<Stream>): ApiContract<Stream> {
  const { options, streams, method, path, answer } = plan;
  return {
    options,
    streams,
    isAuthorized: (request) => presentedKey(request) === credentialOf(options),
    unauthorized: problem(401, 'The key is missing or wrong.'),
    limits: [
      ...quotaLimit({
        name: 'requests',
        standard: { quota: 10, windowMs: 1_000 },
        override: options.limit,
        window: 'sliding',
        announce: together(xRateLimit('seconds'), retryAfterSeconds),
        refusal: problem(429, 'The quota of the window is used up.'),
      }),
      ...inFlightLimit(
        { name: 'concurrent', refusal: problem(429, 'Too many requests at once.') },
        null,
        options,
      ),
    ],
    answer(request) {
      if (request.method !== method || request.url.pathname !== path) {
        return problem(404, 'There is nothing at this path.');
      }
      return answer(request);
    },
    failure: problem(500, 'The server failed.'),
  };
}

export function problem(status: number, detail: string): ApiAnswer {
  return json(
    status,
    { type: 'about:blank', status, detail },
    { 'Content-Type': 'application/problem+json' },
  );
}

const FIRST_ID = 9_007_199_254_740_993n;

/** A record whose id is an integer that a double cannot hold. */
export function bigItem(draw: Draw): JsonRecord {
  return { id: FIRST_ID + BigInt(draw.serial) * 2n, ...itemFields(draw) };
}

/** A record whose id is a UUID; the order by id is the order by time. */
export function uuidItem(draw: Draw): JsonRecord {
  return { id: draw.uuid(), ...itemFields(draw) };
}

function itemFields(draw: Draw): JsonRecord {
  return {
    name: draw.name(),
    note: draw.orNull(draw.sentence()),
    created_at: isoMilliseconds(draw.createdMs),
    updated_at: isoMilliseconds(draw.updatedMs),
    price: { amount: draw.integer(1, 99_999) / 100, currency: draw.pick(['EUR', 'USD']) },
    tags: Array.from({ length: draw.integer(0, 3) }, () => draw.pick(['neu', 'été', '特価'])),
    parent: draw.orNull(draw.integer(1, 900)),
    is_active: draw.chance(0.5),
  };
}
