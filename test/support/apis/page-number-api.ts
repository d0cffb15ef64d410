/** An API with page numbers from 0 or 1 that tells the number of pages, whether there is more, or neither. */
import { Collection } from './collection.js';
import { type ApiContract, type ApiOptions, json } from './contract.js';
import { bigItem, plainApi, problem } from './plain-api.js';
import { queryInteger } from './requests.js';

export interface PageNumberApiOptions extends ApiOptions<'items'> {
  /** 1 by default. */
  readonly firstPage?: 0 | 1;
  /** What the answer tells of the end; nothing by default. */
  readonly tells?: 'total_pages' | 'has_more' | 'nothing';
  /** What a page behind the last one is: an empty list by default. */
  readonly behindEnd?: 'empty' | 404;
}

/** `GET /items?page=1&per_page=50` → `{ items, … }`. */
export function pageNumberApi(options: PageNumberApiOptions = {}): ApiContract<'items'> {
  const { firstPage = 1, tells = 'nothing', behindEnd = 'empty' } = options;
  const items = new Collection({ make: bigItem, newest: 'last', options });
  const sizeMax = options.pageSizeMax ?? 100;
  return plainApi({
    options,
    streams: { items },
    method: 'GET',
    path: '/items',
    answer(request) {
      const page = queryInteger(request, 'page', firstPage);
      const size = Math.min(sizeMax, queryInteger(request, 'per_page', Math.min(20, sizeMax)));
      if (!(page >= firstPage)) return problem(400, `page must be ${firstPage} or more.`);
      if (!(size >= 1)) return problem(400, 'per_page must be 1 or more.');
      const index = page - firstPage;
      const { records, total } = items.slice(index * size, size);
      const pages = Math.ceil(total / size);
      if (behindEnd === 404 && index >= pages) return problem(404, 'There is no such page.');
      if (tells === 'total_pages') return json(200, { items: records, total_pages: pages });
      if (tells === 'has_more') return json(200, { items: records, has_more: index + 1 < pages });
      return json(200, { items: records });
    },
  });
}
