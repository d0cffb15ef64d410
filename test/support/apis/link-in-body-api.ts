/**
 * An API that gives the next page's address in the body: absolute, relative, on another host, or with the
 * caller's key in it.
 */
import { Collection } from './collection.js';
import { type ApiContract, type ApiOptions, credentialOf, json } from './contract.js';
import { Cursors } from './cursors.js';
import { plainApi, problem, uuidItem } from './plain-api.js';
import { queryInteger, urlWith } from './requests.js';

export interface LinkInBodyApiOptions extends ApiOptions<'items'> {
  /** Whether links have a scheme and a host; they have by default. */
  readonly form?: 'absolute' | 'relative';
  /** Origin that links lead to, such as that of a second server with the same seed; its own by default. */
  readonly linkOrigin?: string;
  /** Whether links carry `api_key`, as some APIs send it back. */
  readonly linkCarriesKey?: boolean;
}

/** `GET /items?limit=50` → `{ items, links: { next } }`, where `next` is null at the end. */
export function linkInBodyApi(options: LinkInBodyApiOptions = {}): ApiContract<'items'> {
  const { form = 'absolute', linkOrigin, linkCarriesKey = false } = options;
  const items = new Collection({ make: uuidItem, newest: 'last', options });
  const cursors = new Cursors(options);
  const sizeMax = options.pageSizeMax ?? 100;
  return plainApi({
    options,
    streams: { items },
    method: 'GET',
    path: '/items',
    answer(request) {
      const size = Math.min(sizeMax, queryInteger(request, 'limit', Math.min(20, sizeMax)));
      if (!(size >= 1)) return problem(400, 'limit must be 1 or more.');
      const cursor = request.url.searchParams.get('cursor');
      const read = cursor === null ? null : cursors.read(cursor, request.nowMs);
      if (read?.type === 'expired') return problem(410, 'The cursor has expired.');
      if (read?.type === 'invalid') return problem(400, 'The cursor is no cursor.');
      const { records, end, hasMore } = items.after(read?.place ?? null, size);
      const link = () => {
        const href = urlWith(request, {
          cursor: cursors.issue(end, request.nowMs),
          api_key: linkCarriesKey ? credentialOf(options) : null,
        });
        const { pathname, search, origin } = new URL(href);
        return form === 'relative' ? pathname + search : (linkOrigin ?? origin) + pathname + search;
      };
      return json(200, { items: records, links: { next: hasMore ? link() : null } });
    },
  });
}
