/**
 * Slack's `conversations.history`, newest first, by GET or as a form. Refusals are 429 with
 * `Retry-After`; every other error is 200 with `ok: false`.
 *
 * Source: docs.slack.dev, "Pagination", "Rate limits", "conversations.history".
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
import { Cursors } from './cursors.js';
import { type Draw, epochSeconds } from './draw.js';
import { inFlightLimit, quotaLimit, retryAfterSeconds } from './limits.js';
import { bearerToken, integerOf } from './requests.js';

export const SLACK_CHANNEL = 'C0FIXTURE01';

export function slack(options: ApiOptions<'messages'> = {}): ApiContract<'messages'> {
  const messages = new Collection({ make: message, newest: 'first', options });
  const cursors = new Cursors(options);
  const sizeMax = options.pageSizeMax ?? 999;

  const history = (request: ApiRequest): ApiAnswer => {
    const params = paramsOf(request);
    if (params.get('channel') !== SLACK_CHANNEL) return failed('channel_not_found');
    const size = integerOf(params.get('limit'), Math.min(100, sizeMax));
    if (!(size >= 1 && size <= sizeMax)) return failed('invalid_limit');
    // An empty cursor asks for the first page, as a client sends it that fills in what it has.
    const cursor = params.get('cursor') ?? '';
    const read = cursor === '' ? null : cursors.read(cursor, request.nowMs);
    if (read !== null && read.type !== 'place') return failed('invalid_cursor');
    const { records, end, hasMore } = messages.after(read?.place ?? null, size, {
      keep: timeFilter(params),
    });
    const next = hasMore ? cursors.issue(end, request.nowMs) : '';
    return json(200, {
      ok: true,
      messages: records,
      has_more: hasMore,
      pin_count: 0,
      response_metadata: { next_cursor: next },
    });
  };

  return {
    options,
    streams: { messages },
    isAuthorized: (request) => bearerToken(request) === credentialOf(options),
    unauthorized: failed('invalid_auth'),
    limits: [
      ...quotaLimit({
        name: 'tier-3',
        standard: { quota: 50, windowMs: 60_000 },
        override: options.limit,
        window: 'sliding',
        announce: retryAfterSeconds,
        refusal: json(429, { ok: false, error: 'ratelimited' }),
      }),
      ...inFlightLimit(
        { name: 'concurrent', refusal: json(429, { ok: false, error: 'ratelimited' }) },
        null,
        options,
      ),
    ],
    answer(request) {
      if (request.url.pathname === '/api/conversations.history') return history(request);
      return failed('unknown_method');
    },
    failure: json(500, { ok: false, error: 'internal_error' }),
  };
}

function failed(error: string): ApiAnswer {
  return json(200, { ok: false, error });
}

function paramsOf({ method, url, body }: ApiRequest): URLSearchParams {
  return method === 'POST' ? new URLSearchParams(body) : url.searchParams;
}

/** `oldest` and `latest` are left out themselves unless `inclusive` is set. */
function timeFilter(params: URLSearchParams): (record: JsonRecord) => boolean {
  const oldest = Number(params.get('oldest') ?? 0);
  const latest = Number(params.get('latest') ?? Number.POSITIVE_INFINITY);
  const isInclusive = ['1', 'true'].includes(params.get('inclusive') ?? '');
  return (record) => {
    const ts = Number(record.ts);
    return isInclusive ? ts >= oldest && ts <= latest : ts > oldest && ts < latest;
  };
}

function message(draw: Draw): JsonRecord {
  const micros = String(draw.integer(0, 999_999)).padStart(6, '0');
  const said: JsonRecord = {
    type: 'message',
    user: `U0${String(draw.integer(1, 40)).padStart(7, '0')}`,
    ts: `${epochSeconds(draw.createdMs)}.${micros}`,
    text: draw.sentence(),
    blocks: [{ type: 'rich_text', block_id: draw.token(5), elements: [] }],
  };
  // Slack leaves out what does not apply.
  return draw.chance(0.3)
    ? { ...said, reactions: [{ name: 'tada', users: ['U00000001'], count: 1 }] }
    : said;
}
