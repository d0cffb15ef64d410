/** An API with `offset` and `limit`: with a total or without, and with an end to the offsets or without. */
import { Collection } from './collection.js';
import { type ApiContract, type ApiOptions, json } from './contract.js';
import { bigItem, plainApi, problem } from './plain-api.js';
import { queryInteger } from './requests.js';

export interface OffsetApiOptions extends ApiOptions<'items'> {
  /** Whether the number of all records is told in the body; it is by default. */
  readonly hasTotal?: boolean;
  /** The total counts no further. */
  readonly totalMax?: number;
  /** A greater offset is refused with 400. */
  readonly offsetMax?: number;
  /** `first`: new records come at the start and shift all others. */
  readonly newest?: 'first' | 'last';
}

/** `GET /items?offset=0&limit=50` → `{ items, total }`. */
export function offsetApi(options: OffsetApiOptions = {}): ApiContract<'items'> {
  const {
    hasTotal = true,
    totalMax = Infinity,
    offsetMax = Number.MAX_SAFE_INTEGER,
    newest = 'last',
  } = options;
  const items = new Collection({ make: bigItem, newest, options });
  const sizeMax = options.pageSizeMax ?? 100;
  return plainApi({
    options,
    streams: { items },
    method: 'GET',
    path: '/items',
    answer(request) {
      const offset = queryInteger(request, 'offset', 0);
      const limit = queryInteger(request, 'limit', Math.min(20, sizeMax));
      if (!(offset >= 0 && limit >= 1)) return problem(400, 'offset or limit is no whole number.');
      if (offset > offsetMax) return problem(400, `offset may not be greater than ${offsetMax}.`);
      const { records, total } = items.slice(offset, Math.min(limit, sizeMax));
      const said = { total: Math.min(total, totalMax) };
      return json(200, hasTotal ? { items: records, ...said } : { items: records });
    },
  });
}
