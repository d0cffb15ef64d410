/** Orders of a shop, by cursor and in the order of their changes: `GET /orders?updated_since=…&cursor=…`. */
import { Collection } from './collection.js';
import { type ApiContract, type ApiOptions, type JsonRecord, json } from './contract.js';
import { type Draw, isoSeconds } from './draw.js';
import { plainApi } from './plain-api.js';

const FIRST_ID = 1_001;
/** Of the record whose total no shop can have. */
const ODD_SERIAL = 7;
const PAGE = 50;

/** → `{ data, next }`; the first cursor that leads nowhere is null. */
export function ordersApi(options: ApiOptions<'orders'> = {}): ApiContract<'orders'> {
  const orders = new Collection({ make: order, newest: 'last', options });
  return plainApi({
    options,
    streams: { orders },
    method: 'GET',
    path: '/orders',
    answer({ url }) {
      const since = url.searchParams.get('updated_since') ?? '';
      const cursor = url.searchParams.get('cursor');
      const { records, end, hasMore } = orders.after(
        cursor === null ? null : Number(cursor),
        options.pageSizeMax ?? PAGE,
        { keep: (record) => String(record.updated_at) >= since, by: 'updated_at', newest: 'last' },
      );
      return json(200, { data: records, next: hasMore ? String(end) : null });
    },
  });
}

function order(draw: Draw): JsonRecord {
  const total = draw.integer(100, 99_999) / 100;
  return {
    id: FIRST_ID + draw.serial,
    customer: draw.name(),
    currency: draw.pick(['CHF', 'EUR']),
    total: draw.serial === ODD_SERIAL ? -5 : total,
    paid_at: draw.chance(0.8) ? isoSeconds(draw.updatedMs) : null,
    is_gift: draw.chance(0.1),
    lines: [{ sku: draw.hex(6), quantity: draw.integer(1, 9) }],
    created_at: isoSeconds(draw.createdMs),
    updated_at: isoSeconds(draw.updatedMs),
  };
}
