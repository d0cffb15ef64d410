/**
 * Stripe's API v1: `GET /v1/events` and `/v1/charges`, newest first. The id of the last object leads
 * on. No answer announces a quota; refusals are 429 and name their limiter in a header.
 *
 * Source: docs.stripe.com, "Pagination", "Rate limits", "Errors".
 */
import { Collection } from './collection.js';
import {
  type ApiAnswer,
  type ApiContract,
  type ApiOptions,
  type ApiRequest,
  credentialOf,
  type JsonRecord,
  json,
} from './contract.js';
import { type Draw, epochSeconds } from './draw.js';
import { inFlightLimit, quotaLimit } from './limits.js';
import { basicCredentials, bearerToken, queryInteger } from './requests.js';

export interface StripeOptions extends ApiOptions<'events' | 'charges'> {
  /** Requests of one endpoint in a second; 25 by default. */
  readonly endpointQuota?: number;
}

const RATE = { code: 'rate_limit', message: 'Request rate limit exceeded.' };
const ENDPOINTS = ['events', 'charges'] as const;

export function stripe(options: StripeOptions = {}): ApiContract<'events' | 'charges'> {
  const streams = {
    events: new Collection({ make: event, newest: 'first', leadsByRecords: true, options }),
    charges: new Collection({ make: charge, newest: 'first', leadsByRecords: true, options }),
  };
  const sizeMax = options.pageSizeMax ?? 100;

  const list = (endpoint: 'events' | 'charges', request: ApiRequest): ApiAnswer => {
    const size = queryInteger(request, 'limit', Math.min(10, sizeMax));
    if (!(size >= 1 && size <= sizeMax)) {
      return problem(400, {
        message: `This value must be between 1 and ${sizeMax}.`,
        param: 'limit',
      });
    }
    const id = request.url.searchParams.get('starting_after');
    const place = id === null ? null : streams[endpoint].placeOf('id', id);
    if (id !== null && place === null) {
      const message = `No such ${endpoint.slice(0, -1)}: '${id}'`;
      return problem(400, { code: 'resource_missing', message, param: 'starting_after' });
    }
    const { records, hasMore } = streams[endpoint].after(place, size, {
      keep: createdFilter(request),
    });
    return json(200, { object: 'list', url: `/v1/${endpoint}`, has_more: hasMore, data: records });
  };

  return {
    options,
    streams,
    isAuthorized: (request) =>
      [bearerToken(request), basicCredentials(request)?.username].includes(credentialOf(options)),
    unauthorized: problem(401, { message: 'Invalid API Key provided: sk_test_*******' }),
    limits: [
      ...quotaLimit({
        name: 'global-rate',
        standard: { quota: 100, windowMs: 1_000 },
        override: options.limit,
        window: 'sliding',
        refusal: refusal('global-rate'),
      }),
      ...ENDPOINTS.flatMap((endpoint) =>
        quotaLimit({
          name: `endpoint-rate-${endpoint}`,
          standard: { quota: options.endpointQuota ?? 25, windowMs: 1_000 },
          window: 'sliding',
          refusal: refusal('endpoint-rate'),
          concerns: ({ url }) => url.pathname === `/v1/${endpoint}`,
        }),
      ),
      ...inFlightLimit(
        { name: 'global-concurrency', refusal: refusal('global-concurrency') },
        null,
        options,
      ),
    ],
    answer(request) {
      const { pathname } = request.url;
      const endpoint = ENDPOINTS.find((name) => pathname === `/v1/${name}`);
      if (request.method !== 'GET' || endpoint === undefined) {
        return problem(404, {
          message: `Unrecognized request URL (${request.method}: ${pathname}).`,
        });
      }
      return list(endpoint, request);
    },
    failure: json(500, { error: { type: 'api_error', message: 'An unknown error occurred.' } }),
  };
}

function problem(status: number, error: JsonRecord): ApiAnswer {
  return json(status, { error: { type: 'invalid_request_error', ...error } });
}

function refusal(reason: string): ApiAnswer {
  const answer = problem(429, RATE);
  return { ...answer, headers: { ...answer.headers, 'Stripe-Rate-Limited-Reason': reason } };
}

/** `created[gte]` and its kin, in epoch seconds. */
function createdFilter(request: ApiRequest): (record: JsonRecord) => boolean {
  const least = queryInteger(request, 'created[gte]', 0);
  const above = queryInteger(request, 'created[gt]', -1);
  const most = queryInteger(request, 'created[lte]', Number.MAX_SAFE_INTEGER);
  const below = queryInteger(request, 'created[lt]', Number.MAX_SAFE_INTEGER);
  return ({ created }) => {
    const at = Number(created);
    return at >= least && at > above && at <= most && at < below;
  };
}

function event(draw: Draw): JsonRecord {
  return {
    id: `evt_1${draw.token(23)}`,
    object: 'event',
    api_version: '2024-06-20',
    created: epochSeconds(draw.createdMs),
    data: { object: charge(draw) },
    livemode: false,
    pending_webhooks: draw.integer(0, 2),
    request: {
      id: draw.orNull(`req_${draw.token(14)}`),
      idempotency_key: draw.orNull(draw.uuid()),
    },
    type: draw.pick(['charge.succeeded', 'charge.refunded', 'charge.failed']),
  };
}

function charge(draw: Draw): JsonRecord {
  return {
    id: `ch_3${draw.token(23)}`,
    object: 'charge',
    amount: draw.integer(50, 99_999_999),
    amount_refunded: 0,
    billing_details: { name: draw.orNull(draw.name()), email: draw.orNull('payer@example.com') },
    created: epochSeconds(draw.createdMs),
    currency: draw.pick(['eur', 'jpy', 'usd']),
    description: draw.orNull(draw.sentence()),
    metadata: { order: String(draw.serial), note: draw.sentence() },
    paid: draw.chance(0.9),
    status: draw.pick(['succeeded', 'pending', 'failed']),
  };
}
