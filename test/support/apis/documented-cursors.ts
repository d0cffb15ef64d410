/** The well-known APIs that answer with a cursor, or go on behind the last record. */
import { expect } from 'vitest';
import { bearer, type DocumentedPaging, SECONDS, SIZE } from './documented-paging.js';
import { hubspot } from './hubspot.js';
import { NOTION_DATABASE, notion } from './notion.js';
import { type FetchedPage, recordsAt, textAt, valueAt } from './page-by-fetch.js';
import { shopify } from './shopify.js';
import { SLACK_CHANNEL, slack } from './slack.js';
import { stripe } from './stripe.js';

const postJson = (body: object, headers: Readonly<Record<string, string>>) => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json', ...headers },
  body: JSON.stringify(body),
});

/** The last record's `id`, while there is more. */
const lastId = (page: FetchedPage) =>
  valueAt(page.body, 'has_more') === true
    ? String(valueAt(recordsAt('data')(page).at(-1), 'id'))
    : null;

export const DOCUMENTED_CURSORS: Readonly<Record<string, DocumentedPaging>> = {
  'stripe events': {
    contract: stripe,
    stream: 'events',
    request: (origin, key, at) => ({
      url: `${origin}/v1/events?limit=${SIZE}${at === null ? '' : `&starting_after=${at}`}`,
      init: { headers: { Authorization: `Basic ${btoa(`${key}:`)}` } },
    }),
    records: recordsAt('data'),
    next: lastId,
    refusal: {
      status: 429,
      headers: { 'stripe-rate-limited-reason': 'global-rate' },
      body: { error: expect.objectContaining({ code: 'rate_limit' }) },
    },
    announced: {},
    wrongKey: { status: 401, body: { error: expect.anything() } },
  },
  'stripe charges': {
    contract: stripe,
    stream: 'charges',
    request: (origin, key, at) => ({
      url: `${origin}/v1/charges?limit=${SIZE}${at === null ? '' : `&starting_after=${at}`}`,
      init: bearer(key),
    }),
    records: recordsAt('data'),
    next: lastId,
    refusal: { status: 429, headers: {}, body: { error: expect.anything() } },
    announced: {},
    wrongKey: { status: 401, body: { error: expect.anything() } },
  },
  shopify: {
    // Three queries of 9 points; what is restored meanwhile is far from a fourth.
    contract: ({ limit, ...options }) =>
      shopify(
        limit === undefined ? options : { ...options, capacity: 29, restorePerSecond: 0.001 },
      ),
    stream: 'orders',
    request: (origin, key, after) => {
      const query =
        'query($first: Int!, $after: String) { orders(first: $first, after: $after) { nodes { id } } }';
      return {
        url: `${origin}/admin/api/2025-01/graphql.json`,
        init: postJson(
          { query, variables: { first: SIZE, after } },
          { 'X-Shopify-Access-Token': key },
        ),
      };
    },
    records: recordsAt('data', 'orders', 'nodes'),
    next: (page) =>
      valueAt(page.body, 'data', 'orders', 'pageInfo', 'hasNextPage') === true
        ? textAt(page, 'data', 'orders', 'pageInfo', 'endCursor')
        : null,
    refusal: {
      status: 200,
      headers: {},
      body: {
        errors: [
          expect.objectContaining({ extensions: expect.objectContaining({ code: 'THROTTLED' }) }),
        ],
        extensions: {
          cost: {
            requestedQueryCost: 9,
            actualQueryCost: null,
            throttleStatus: { maximumAvailable: 29, currentlyAvailable: 2, restoreRate: 0.001 },
          },
        },
      },
    },
    announced: {},
    wrongKey: { status: 401, body: { errors: expect.stringContaining('Invalid API key') } },
  },
  slack: {
    contract: slack,
    stream: 'messages',
    request: (origin, key, at) => ({
      url: `${origin}/api/conversations.history?channel=${SLACK_CHANNEL}&limit=${SIZE}&cursor=${at ?? ''}`,
      init: bearer(key),
    }),
    records: recordsAt('messages'),
    next: (page) => textAt(page, 'response_metadata', 'next_cursor'),
    refusal: {
      status: 429,
      headers: { 'retry-after': SECONDS },
      body: { ok: false, error: 'ratelimited' },
    },
    announced: {},
    wrongKey: { status: 200, body: { ok: false, error: 'invalid_auth' } },
  },
  hubspot: {
    contract: hubspot,
    stream: 'contacts',
    request: (origin, key, at) => ({
      url: `${origin}/crm/v3/objects/contacts?limit=${SIZE}${at === null ? '' : `&after=${at}`}`,
      init: bearer(key),
    }),
    records: recordsAt('results'),
    next: (page) => textAt(page, 'paging', 'next', 'after'),
    refusal: {
      status: 429,
      headers: { 'x-hubspot-ratelimit-remaining': '0' },
      body: expect.objectContaining({
        policyName: 'TEN_SECONDLY_ROLLING',
        errorType: 'RATE_LIMIT',
      }),
    },
    announced: {
      'x-hubspot-ratelimit-max': '3',
      'x-hubspot-ratelimit-interval-milliseconds': '60000',
      'x-hubspot-ratelimit-daily': '250000',
      'x-hubspot-ratelimit-daily-remaining': '249997',
    },
    wrongKey: {
      status: 401,
      body: expect.objectContaining({ category: 'INVALID_AUTHENTICATION' }),
    },
  },
  notion: {
    contract: notion,
    stream: 'pages',
    request: (origin, key, at) => ({
      url: `${origin}/v1/databases/${NOTION_DATABASE}/query`,
      init: postJson(at === null ? { page_size: SIZE } : { page_size: SIZE, start_cursor: at }, {
        Authorization: `Bearer ${key}`,
        'Notion-Version': '2022-06-28',
      }),
    }),
    records: recordsAt('results'),
    next: (page) => textAt(page, 'next_cursor'),
    refusal: {
      status: 429,
      headers: { 'retry-after': SECONDS },
      body: expect.objectContaining({
        code: 'rate_limited',
        additional_data: { rate_limit_reason: 'connection' },
      }),
    },
    announced: {},
    wrongKey: { status: 401, body: expect.objectContaining({ code: 'unauthorized' }) },
  },
};
