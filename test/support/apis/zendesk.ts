/**
 * Zendesk's incremental export of tickets by cursor. The last page says `end_of_stream` and still has a
 * cursor, from which the next export goes on. The headers tell the account's limit and, in a form of
 * their own, the much lower one of this endpoint.
 *
 * Source: developer.zendesk.com, "Incremental Exports", "Rate limits".
 */
import type { Announcer } from '../../../bench/limiters/announce.js';
import { together } from '../../../bench/limiters/announce.js';
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
import { type Draw, epochSeconds, isoSeconds } from './draw.js';
import { inFlightLimit, quotaLimit, retryAfterSeconds } from './limits.js';
import { basicCredentials, bearerToken, queryInteger, urlWith } from './requests.js';

export interface ZendeskOptions extends ApiOptions<'tickets'> {
  /** Requests of the account in a minute; 700 by default. */
  readonly accountQuota?: number;
}

export const ZENDESK_USER = 'agent@example.com/token';
/** Documented with the ending and without. */
const PATH = /^\/api\/v2\/incremental\/tickets\/cursor(\.json)?$/;
/** Tickets come in the order in which they changed. */
const CHANGED = 'generated_timestamp';
const MINUTE_MS = 60_000;
const REFUSAL = json(429, {
  error: 'APIRateLimitExceeded',
  description: 'Number of allowed incremental export API requests per minute exceeded',
});

export function zendesk(options: ZendeskOptions = {}): ApiContract<'tickets'> {
  const tickets = new Collection({ make: ticket, newest: 'last', options });
  const cursors = new Cursors(options);
  const sizeMax = options.pageSizeMax ?? 1_000;

  const exported = (request: ApiRequest): ApiAnswer => {
    const startSeconds = queryInteger(request, 'start_time', Number.NaN);
    const cursor = request.url.searchParams.get('cursor');
    if (cursor === null && Number.isNaN(startSeconds)) return invalid('start_time is missing');
    const size = Math.min(sizeMax, queryInteger(request, 'per_page', sizeMax));
    const read = cursor === null ? null : cursors.read(cursor, request.nowMs);
    if (read !== null && read.type !== 'place') return invalid('cursor is not valid');
    const { records, end, hasMore } = tickets.after(read?.place ?? null, size, {
      keep: ({ generated_timestamp: at }) => read !== null || Number(at) >= startSeconds,
      by: CHANGED,
    });
    const after = cursors.issue(end, request.nowMs);
    return json(200, {
      tickets: records,
      after_url: urlWith(request, { cursor: after, start_time: null }),
      after_cursor: after,
      before_url: null,
      before_cursor: null,
      end_of_stream: !hasMore,
    });
  };

  return {
    options,
    streams: { tickets },
    isAuthorized(request) {
      const basic = basicCredentials(request);
      const token = basic?.username === ZENDESK_USER ? basic.password : bearerToken(request);
      return token === credentialOf(options);
    },
    unauthorized: json(401, { error: "Couldn't authenticate you" }),
    limits: [
      ...quotaLimit({
        name: 'account',
        standard: { quota: options.accountQuota ?? 700, windowMs: MINUTE_MS },
        window: 'fixed',
        announce: together(account, retryAfterSeconds),
        refusal: REFUSAL,
      }),
      ...quotaLimit({
        name: 'incremental-exports',
        standard: { quota: 10, windowMs: MINUTE_MS },
        override: options.limit,
        window: 'sliding',
        announce: together(endpoint, retryAfterSeconds),
        refusal: REFUSAL,
      }),
      ...inFlightLimit({ name: 'concurrent', refusal: REFUSAL }, null, options),
    ],
    answer(request) {
      if (PATH.test(request.url.pathname)) return exported(request);
      return json(404, { error: 'InvalidEndpoint', description: 'Not found' });
    },
    failure: json(503, { error: 'Service Unavailable' }, { 'Retry-After': '1' }),
  };
}

function invalid(description: string): ApiAnswer {
  return json(400, { error: 'InvalidValue', description });
}

const account: Announcer = ({ quota, remaining, resetMs }) => ({
  'x-rate-limit': String(quota),
  'x-rate-limit-remaining': String(remaining),
  'ratelimit-limit': String(quota),
  'ratelimit-remaining': String(remaining),
  'ratelimit-reset': String(Math.ceil(resetMs / 1000)),
});

const endpoint: Announcer = ({ quota, remaining, resetMs }) => ({
  'zendesk-ratelimit-incremental-exports': `total=${quota}; remaining=${remaining}; resets=${Math.ceil(resetMs / 1000)}`,
});

function ticket(draw: Draw): JsonRecord {
  const tags = Array.from({ length: draw.integer(0, 3) }, () =>
    draw.pick(['vip', 'retour', '返品']),
  );
  return {
    id: 35_436 + draw.serial,
    url: `https://example.zendesk.com/api/v2/tickets/${35_436 + draw.serial}.json`,
    external_id: draw.orNull(`ext-${draw.hex(6)}`),
    via: { channel: draw.pick(['web', 'email', 'api']), source: { from: {}, to: {}, rel: null } },
    created_at: isoSeconds(draw.createdMs),
    updated_at: isoSeconds(draw.updatedMs),
    generated_timestamp: epochSeconds(draw.createdMs),
    subject: draw.sentence(),
    description: draw.sentence(),
    priority: draw.orNull(draw.pick(['low', 'normal', 'urgent'])),
    status: draw.pick(['open', 'pending', 'solved', 'closed', 'deleted']),
    requester_id: 360_000_000_000 + draw.integer(1, 9_999),
    custom_fields: [{ id: 27_642, value: draw.orNull('745') }],
    tags,
  };
}
