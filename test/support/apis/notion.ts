/**
 * Notion's API: `POST /v1/databases/{id}/query`. The cursor is the id of the next page's first object and
 * goes into the body. No answer announces a quota; 429 and 529 name a wait.
 *
 * Source: developers.notion.com, "Pagination", "Request limits", "Status codes", "Versioning".
 */
import { Collection, type View } from './collection.js';
import {
  type ApiAnswer,
  type ApiContract,
  type ApiOptions,
  type ApiRequest,
  credentialOf,
  type Headers,
  type JsonRecord,
  json,
} from './contract.js';
import { type Draw, isoMilliseconds } from './draw.js';
import { inFlightLimit, quotaLimit, retryAfterSeconds } from './limits.js';
import { bearerToken, header, integerOf, isObject, jsonObject } from './requests.js';

export const NOTION_DATABASE = 'd9824bdc-8445-4327-be8b-5b47500af6ce';
const EDITED: View = { by: 'last_edited_time' };
const PATH = `/v1/databases/${NOTION_DATABASE}/query`;

export function notion(options: ApiOptions<'pages'> = {}): ApiContract<'pages'> {
  const pages = new Collection({ make: page, newest: 'last', options });
  const sizeMax = options.pageSizeMax ?? 100;

  const query = (request: ApiRequest): ApiAnswer => {
    const body = jsonObject(request);
    if (body === null) return problem(400, 'invalid_json', 'Error parsing JSON body.');
    const size = integerOf(body.page_size, sizeMax);
    if (!(size >= 1 && size <= sizeMax)) return invalid(`body.page_size should be ≤ ${sizeMax}`);
    const cursor = body.start_cursor;
    const view = viewOf(body);
    if (view === null) return invalid('body.filter should be a filter');
    const first = typeof cursor === 'string' ? pages.placeOf('id', cursor, view) : 0;
    if (first === null) return invalid('The start_cursor provided is invalid');
    const { records, end, hasMore } = pages.after(first - 1, size, view);
    const next = hasMore ? pages.next(end, view) : undefined;
    return json(200, {
      object: 'list',
      results: records,
      next_cursor: next?.id ?? null,
      has_more: hasMore,
      type: 'page_or_database',
      page_or_database: {},
    });
  };

  return {
    options,
    streams: { pages },
    isAuthorized: (request) => bearerToken(request) === credentialOf(options),
    unauthorized: problem(401, 'unauthorized', 'API token is invalid.'),
    limits: [
      ...quotaLimit({
        name: 'connection',
        standard: { quota: 180, windowMs: 60_000 },
        override: options.limit,
        window: 'fixed',
        announce: retryAfterSeconds,
        refusal: limited('connection'),
      }),
      ...inFlightLimit({ name: 'concurrent', refusal: limited('workspace') }, null, options),
    ],
    answer(request) {
      if (!/^\d{4}-\d{2}-\d{2}$/.test(header(request, 'notion-version') ?? '')) {
        return problem(400, 'missing_version', 'Notion-Version header should be defined.');
      }
      if (request.method === 'POST' && request.url.pathname === PATH) return query(request);
      return problem(400, 'invalid_request_url', 'Invalid request URL.');
    },
    failure: problem(529, 'service_overload', 'Notion is overloaded.', { 'Retry-After': '1' }),
  };
}

function problem(status: number, code: string, message: string, headers: Headers = {}): ApiAnswer {
  return json(status, { object: 'error', status, code, message }, headers);
}

function invalid(detail: string): ApiAnswer {
  return problem(400, 'validation_error', `body failed validation: ${detail}.`);
}

function limited(reason: string): ApiAnswer {
  const message = 'You have been rate limited. Please try again later.';
  const additional = { rate_limit_reason: reason };
  return json(429, {
    object: 'error',
    status: 429,
    code: 'rate_limited',
    message,
    additional_data: additional,
  });
}

/** By one timestamp, the oldest first, and those from one on. @returns null: the filter is none */
function viewOf({ sorts, filter }: Readonly<Record<string, unknown>>): View | null {
  const sort: unknown = Array.isArray(sorts) ? sorts[0] : undefined;
  const by = isObject(sort) && sort.timestamp === 'last_edited_time' ? EDITED : {};
  if (filter === undefined) return by;
  const bound = isObject(filter) && isObject(filter.last_edited_time) ? filter : null;
  const from = isObject(bound?.last_edited_time) ? bound.last_edited_time.on_or_after : null;
  if (bound?.timestamp !== 'last_edited_time' || typeof from !== 'string') return null;
  const fromMs = Date.parse(from);
  return { ...by, keep: ({ last_edited_time: at }) => Date.parse(String(at)) >= fromMs };
}

/** Notion tells times to the minute. */
export function minuteOf(instantMs: number): string {
  return isoMilliseconds(Math.floor(instantMs / 60_000) * 60_000);
}

function page(draw: Draw): JsonRecord {
  const user = { object: 'user', id: 'ee5f0f84-409a-440f-983a-a5315961c6e4' };
  return {
    object: 'page',
    id: draw.uuid(),
    created_time: minuteOf(draw.createdMs),
    last_edited_time: minuteOf(draw.updatedMs),
    created_by: user,
    last_edited_by: user,
    archived: draw.chance(0.05),
    icon: draw.orNull({ type: 'emoji', emoji: '🥬' }),
    parent: { type: 'database_id', database_id: NOTION_DATABASE },
    properties: {
      Name: { id: 'title', type: 'title', title: [{ plain_text: draw.sentence(), href: null }] },
      Price: { id: 'BJXS', type: 'number', number: draw.orNull(draw.integer(1, 999) / 4) },
    },
  };
}
