/** json-server, the npm package: `_page` and `_limit` with `Link` and `X-Total-Count`, or `_start`. */
import jsonServer from 'json-server';
import { Collection } from '../collection.js';
import type { JsonRecord } from '../contract.js';
import type { Draw } from '../draw.js';
import { uuidItem } from '../plain-api.js';
import { type ApiServer, serve } from '../serve.js';

/** Serves `count` records at `/items`; ids are whole numbers. Nothing is limited or protected. */
export function startJsonServer(count: number): Promise<ApiServer<'items'>> {
  const items = new Collection({ make: numbered, newest: 'last', options: { count } }).records;
  const app = jsonServer.create();
  app.use(jsonServer.router({ items: [...items] }));
  return serve(app, () => items);
}

function numbered(draw: Draw): JsonRecord {
  return { ...uuidItem(draw), id: draw.serial + 1 };
}
