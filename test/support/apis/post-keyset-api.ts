/** A search by POST whose next page begins behind the id of the last record, named in the JSON body. */
import { Collection } from './collection.js';
import { type ApiContract, type ApiOptions, json } from './contract.js';
import { plainApi, problem, uuidItem } from './plain-api.js';
import { integerOf, isObject, jsonObject } from './requests.js';

export interface PostKeysetApiOptions extends ApiOptions<'items'> {
  /** Whether the answer tells that there is more; otherwise an empty page is the end. */
  readonly hasMore?: boolean;
}

/** `POST /search` with `{ "page": { "size": 50, "after": "<id>" } }` → `{ items, has_more }`. */
export function postKeysetApi(options: PostKeysetApiOptions = {}): ApiContract<'items'> {
  const items = new Collection({ make: uuidItem, newest: 'last', leadsByRecords: true, options });
  const sizeMax = options.pageSizeMax ?? 100;
  return plainApi({
    options,
    streams: { items },
    method: 'POST',
    path: '/search',
    answer(request) {
      const page = jsonObject(request)?.page ?? {};
      if (!isObject(page)) return problem(400, 'page must be an object.');
      const size = Math.min(sizeMax, integerOf(page.size, Math.min(20, sizeMax)));
      if (!(size >= 1)) return problem(400, 'page.size must be 1 or more.');
      const after = String(page.after ?? '');
      // By the order of ids, so that a key whose record is gone still leads on.
      const slice = items.after(null, size, { keep: ({ id }) => String(id) > after });
      const { records, hasMore } = slice;
      return json(
        200,
        options.hasMore ? { items: records, has_more: hasMore } : { items: records },
      );
    },
  });
}
