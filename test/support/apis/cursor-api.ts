/** An API with opaque cursors: told in the body, in a header or as a link, and taken by the query or the body. */
import { Collection } from './collection.js';
import { type ApiAnswer, type ApiContract, type ApiOptions, json } from './contract.js';
import { Cursors } from './cursors.js';
import { plainApi, problem, uuidItem } from './plain-api.js';
import { integerOf, isObject, jsonObject, linkHeader, queryInteger, urlWith } from './requests.js';

export interface CursorApiOptions extends ApiOptions<'items'> {
  /** Where the next cursor stands: `paging.next`, `X-Next-Cursor` or `Link`; in the body by default. */
  readonly tells?: 'body' | 'header' | 'link';
  /** Where requests carry it; with `body` the method is POST. In the query by default. */
  readonly takes?: 'query' | 'body';
  /** Whether the body tells `paging.has_more`; the last page then has a cursor too. */
  readonly hasMore?: boolean;
}

/** `/items?limit=50&cursor=…`, or `{ "paging": { "limit": 50, "cursor": "…" } }` → `{ items, paging }`. */
export function cursorApi(options: CursorApiOptions = {}): ApiContract<'items'> {
  const { tells = 'body', takes = 'query', hasMore: tellsMore = false } = options;
  const items = new Collection({ make: uuidItem, newest: 'last', options });
  const cursors = new Cursors(options);
  const sizeMax = options.pageSizeMax ?? 100;
  return plainApi({
    options,
    streams: { items },
    method: takes === 'body' ? 'POST' : 'GET',
    path: '/items',
    answer(request): ApiAnswer {
      const asked = takes === 'body' ? jsonObject(request)?.paging : null;
      const paging = isObject(asked) ? asked : {};
      const wanted = integerOf(paging.limit, queryInteger(request, 'limit', sizeMax));
      if (!(wanted >= 1)) return problem(400, 'limit must be 1 or more.');
      const given = paging.cursor ?? request.url.searchParams.get('cursor');
      const read = given === null ? null : cursors.read(String(given), request.nowMs);
      if (read?.type === 'expired') return problem(410, 'The cursor has expired.');
      if (read?.type === 'invalid') return problem(400, 'The cursor is no cursor.');
      const { records, end, hasMore } = items.after(read?.place ?? null, Math.min(wanted, sizeMax));
      const next = hasMore || tellsMore ? cursors.issue(end, request.nowMs) : null;
      if (tells === 'header') {
        return json(200, { items: records }, next === null ? {} : { 'X-Next-Cursor': next });
      }
      if (tells === 'link') {
        const link = linkHeader([
          ['first', urlWith(request, { cursor: null })],
          ...(next === null ? [] : [['next', urlWith(request, { cursor: next })] as const]),
        ]);
        return json(200, { items: records }, { Link: link });
      }
      return json(200, {
        items: records,
        paging: { next, ...(tellsMore ? { has_more: hasMore } : {}) },
      });
    },
  });
}
