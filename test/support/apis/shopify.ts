/**
 * Shopify's GraphQL Admin API: the connection `orders`. A query costs points of a leaky bucket, whose
 * state every answer tells in its body; a throttled query is answered with 200 and an error.
 *
 * Source: shopify.dev, "GraphQL Admin API rate limits", "Paginating results with GraphQL".
 */
import { Collection, type View } from './collection.js';
import {
  type ApiAnswer,
  type ApiContract,
  type ApiOptions,
  type ApiRequest,
  credentialOf,
  type JsonRecord,
  json,
} from './contract.js';
import { CostBucket } from './cost-bucket.js';
import { Cursors } from './cursors.js';
import { type Draw, isoSeconds } from './draw.js';
import { type ApiLimit, inFlightLimit } from './limits.js';
import { header, integerOf, isObject, jsonObject } from './requests.js';

export interface ShopifyOptions extends Omit<ApiOptions<'orders'>, 'limit'> {
  /** Of the bucket; 2,000 points by default. */
  readonly capacity?: number;
  /** 100 points by default. */
  readonly restorePerSecond?: number;
}

const PATH = /^\/admin\/api\/\d{4}-\d{2}\/graphql\.json$/;
const SINGLE_QUERY_COST_MAX = 1_000;
/** What a connection costs beside its nodes, and a node beside its scalars. */
const CONNECTION_COST = 2;

export function shopify(options: ShopifyOptions = {}): ApiContract<'orders'> {
  const orders = new Collection({ make: order, newest: 'last', options });
  const cursors = new Cursors(options);
  const bucket = new CostBucket(options.capacity ?? 2_000, options.restorePerSecond ?? 100);
  const sizeMax = options.pageSizeMax ?? 250;

  const cost = (requestedQueryCost: number, actualQueryCost: number | null): JsonRecord => ({
    cost: {
      requestedQueryCost,
      actualQueryCost,
      throttleStatus: {
        maximumAvailable: bucket.capacity,
        currentlyAvailable: bucket.available,
        restoreRate: bucket.restorePerSecond,
      },
    },
  });

  const throttle: ApiLimit = {
    name: 'query-cost',
    arrive(request) {
      const asked = askedFor(request);
      if (asked === null) return null;
      const points = asked.first + CONNECTION_COST;
      const { isPermitted } = bucket.take(points, request.nowMs);
      const documentation = 'https://shopify.dev/api/usage/rate-limits';
      const throttled = { message: 'Throttled', extensions: { code: 'THROTTLED', documentation } };
      const refusal = isPermitted
        ? null
        : json(200, { errors: [throttled], extensions: cost(points, null) });
      return { headers: {}, refusal };
    },
    leave() {},
  };

  const query = (request: ApiRequest): ApiAnswer => {
    const asked = askedFor(request);
    if (asked === null) return problem('Parse error on the query', 'BAD_REQUEST');
    if (!(asked.first >= 1 && asked.first <= sizeMax)) {
      return problem(`first must be between 1 and ${sizeMax}`, 'BAD_USER_INPUT');
    }
    const points = asked.first + CONNECTION_COST;
    if (points > SINGLE_QUERY_COST_MAX) return problem('Query cost too high', 'MAX_COST_EXCEEDED');
    const read = asked.after === null ? null : cursors.read(asked.after, request.nowMs);
    if (read !== null && read.type !== 'place') return problem('Invalid cursor', 'BAD_USER_INPUT');
    const { records, end, hasMore } = orders.after(read?.place ?? null, asked.first, asked.view);
    const actual = CONNECTION_COST + records.length;
    bucket.giveBack(points - actual);
    const endCursor = end === null ? null : cursors.issue(end, request.nowMs);
    const pageInfo = { hasNextPage: hasMore, endCursor };
    return json(200, {
      data: { orders: { nodes: records, pageInfo } },
      extensions: cost(points, actual),
    });
  };

  return {
    options,
    streams: { orders },
    isAuthorized: (request) => header(request, 'x-shopify-access-token') === credentialOf(options),
    unauthorized: json(401, {
      errors: '[API] Invalid API key or access token (unrecognized login or wrong password)',
    }),
    limits: [
      throttle,
      ...inFlightLimit(
        { name: 'concurrent', refusal: json(429, { errors: 'Busy' }) },
        null,
        options,
      ),
    ],
    answer(request) {
      if (request.method === 'POST' && PATH.test(request.url.pathname)) return query(request);
      return json(404, { errors: 'Not Found' });
    },
    failure: json(500, { errors: [{ message: 'Internal error', extensions: INTERNAL }] }),
  };
}

const INTERNAL = { code: 'INTERNAL_SERVER_ERROR', requestId: 'fixture' };

function problem(message: string, code: string): ApiAnswer {
  return json(200, { errors: [{ message, extensions: { code } }] });
}

/** The arguments of `orders`, in variables or in the text of the query. */
function askedFor(request: ApiRequest): { first: number; after: string | null; view: View } | null {
  const body = jsonObject(request);
  const text = body?.query;
  if (typeof text !== 'string' || !/\borders\s*\(/.test(text)) return null;
  const variables = isObject(body?.variables) ? body.variables : {};
  const first = /\bfirst:\s*(\d+)/.exec(text)?.[1] ?? variables.first;
  const after = /\bafter:\s*"([^"]*)"/.exec(text)?.[1] ?? variables.after;
  const filter = typeof variables.query === 'string' ? variables.query : '';
  const fromMs = Date.parse(/\bupdated_at:>='([^']+)'/.exec(filter)?.[1] ?? isoSeconds(0));
  return {
    first: integerOf(first, 50),
    after: typeof after === 'string' ? after : null,
    view: {
      keep: ({ updatedAt }) => Date.parse(String(updatedAt)) >= fromMs,
      ...(/\bsortKey:\s*UPDATED_AT\b/.test(text) && { by: 'updatedAt' }),
    },
  };
}

function order(draw: Draw): JsonRecord {
  const amount = `${draw.integer(1, 9_999)}.${String(draw.integer(0, 99)).padStart(2, '0')}`;
  return {
    id: `gid://shopify/Order/${5_400_000_000_000 + draw.serial * 32_768}`,
    legacyResourceId: String(5_400_000_000_000 + draw.serial * 32_768),
    name: `#${1001 + draw.serial}`,
    createdAt: isoSeconds(draw.createdMs),
    updatedAt: isoSeconds(draw.updatedMs),
    cancelledAt: draw.orNull(isoSeconds(draw.updatedMs)),
    totalPriceSet: { shopMoney: { amount, currencyCode: draw.pick(['EUR', 'USD', 'JPY']) } },
    customer: draw.orNull({ displayName: draw.name(), email: 'buyer@example.com' }),
    note: draw.orNull(draw.sentence()),
    tags: Array.from({ length: draw.integer(0, 3) }, () => draw.pick(['vip', 'été', 'B2B'])),
    test: draw.chance(0.1),
  };
}
