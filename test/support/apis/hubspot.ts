/**
 * HubSpot's CRM API: `GET /crm/v3/objects/contacts`. `paging` is there while there is more. Every answer
 * announces a rolling window in milliseconds, and the day's quota beside it.
 *
 * Source: developers.hubspot.com, "Contacts", "API usage guidelines".
 */
import type { Announcer } from '../../../bench/limiters/announce.js';
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
import { Cursors } from './cursors.js';
import { type Draw, isoMilliseconds } from './draw.js';
import { inFlightLimit, quotaLimit } from './limits.js';
import { bearerToken, queryInteger, urlWith } from './requests.js';

export interface HubspotOptions extends ApiOptions<'contacts'> {
  /** Requests in a day; 250,000 by default. */
  readonly dailyQuota?: number;
}

const DAY_MS = 86_400_000;
const CORRELATION = { correlationId: '00000000-0000-4000-a000-000000000000' };

export function hubspot(options: HubspotOptions = {}): ApiContract<'contacts'> {
  const contacts = new Collection({ make: contact, newest: 'last', options });
  const cursors = new Cursors(options);
  const sizeMax = options.pageSizeMax ?? 100;

  const list = (request: ApiRequest): ApiAnswer => {
    const size = queryInteger(request, 'limit', Math.min(10, sizeMax));
    if (!(size >= 1 && size <= sizeMax)) return invalid(`limit must be between 1 and ${sizeMax}`);
    const after = request.url.searchParams.get('after');
    const read = after === null ? null : cursors.read(after, request.nowMs);
    if (read !== null && read.type !== 'place') return invalid('after is not a valid cursor');
    const { records, end, hasMore } = contacts.after(read?.place ?? null, size);
    if (!hasMore) return json(200, { results: records });
    const next = cursors.issue(end, request.nowMs);
    const link = urlWith(request, { after: next });
    return json(200, { results: records, paging: { next: { after: next, link } } });
  };

  return {
    options,
    streams: { contacts },
    isAuthorized: (request) => bearerToken(request) === credentialOf(options),
    unauthorized: problem(401, {
      message: 'Authentication credentials not found.',
      category: 'INVALID_AUTHENTICATION',
    }),
    limits: [
      ...quotaLimit({
        name: 'daily',
        standard: { quota: options.dailyQuota ?? 250_000, windowMs: DAY_MS },
        window: 'fixed',
        announce: daily,
        refusal: refusal('DAILY', 'You have reached your daily limit.'),
      }),
      ...quotaLimit({
        name: 'ten-secondly-rolling',
        standard: { quota: 100, windowMs: 10_000 },
        override: options.limit,
        window: 'sliding',
        announce: rolling,
        refusal: refusal(
          'TEN_SECONDLY_ROLLING',
          'You have reached your ten_secondly_rolling limit.',
        ),
      }),
      ...inFlightLimit(
        { name: 'concurrent', refusal: refusal('CONCURRENT', 'Too many requests at once.') },
        null,
        options,
      ),
    ],
    answer(request) {
      if (request.url.pathname === '/crm/v3/objects/contacts') return list(request);
      return problem(404, { message: 'resource not found', category: 'OBJECT_NOT_FOUND' });
    },
    failure: problem(500, { message: 'internal error', category: 'INTERNAL_ERROR' }),
  };
}

function problem(status: number, body: JsonRecord): ApiAnswer {
  return json(status, { status: 'error', ...CORRELATION, ...body });
}

function invalid(message: string): ApiAnswer {
  return problem(400, { message, category: 'VALIDATION_ERROR' });
}

function refusal(policyName: string, message: string): ApiAnswer {
  return problem(429, { message, errorType: 'RATE_LIMIT', policyName });
}

const daily: Announcer = ({ quota, remaining }) => ({
  'X-HubSpot-RateLimit-Daily': String(quota),
  'X-HubSpot-RateLimit-Daily-Remaining': String(remaining),
});

const rolling: Announcer = ({ quota, remaining, windowMs }) => ({
  'X-HubSpot-RateLimit-Max': String(quota),
  'X-HubSpot-RateLimit-Remaining': String(remaining),
  'X-HubSpot-RateLimit-Interval-Milliseconds': String(windowMs),
});

function contact(draw: Draw): JsonRecord {
  const id = String(51 + draw.serial * 50);
  const createdAt = isoMilliseconds(draw.createdMs);
  const updatedAt = isoMilliseconds(draw.updatedMs);
  return {
    id,
    properties: {
      createdate: createdAt,
      email: draw.orNull(`contact-${draw.serial}@example.com`),
      firstname: draw.name(),
      hs_object_id: id,
      lastmodifieddate: updatedAt,
      lastname: draw.orNull(draw.name()),
    },
    createdAt,
    updatedAt,
    archived: false,
  };
}
