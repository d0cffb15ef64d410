/** PouchDB's own HTTP server, in memory: CouchDB's `_changes` and `_all_docs`. */
import expressPouchDb from 'express-pouchdb';
import memoryAdapter from 'pouchdb-adapter-memory';
import PouchDb, { type Database } from 'pouchdb-core';
import { Collection } from '../collection.js';
import type { JsonRecord } from '../contract.js';
import type { Draw } from '../draw.js';
import { uuidItem } from '../plain-api.js';
import { type ApiServer, serve } from '../serve.js';

export const POUCHDB_NAME = 'items';

export interface PouchServer {
  readonly server: ApiServer<'items'>;
  /** Adds so many documents; they come last in the feed. */
  add(count: number): Promise<void>;
  /** Deletes a document: the feed moves it to its end, marked as deleted. */
  remove(id: string): Promise<void>;
}

const ROUTES = ['root', 'db', 'all-docs', 'changes', '404'].map((name) => `routes/${name}`);
let started = 0;

/**
 * Serves `count` documents at `/items`. A feed ends with an empty page: PouchDB tells no `pending`.
 * Sequences are whole numbers from 1.
 */
export async function startPouchDb(count: number): Promise<PouchServer> {
  // Databases in memory are shared by their names within a process.
  const prefix = `fixture-${started++}-`;
  const memory = PouchDb.plugin(memoryAdapter).defaults({ adapter: 'memory', prefix });
  // Before its database: the server lists those that it has seen created.
  const app = expressPouchDb(memory, { mode: 'custom', overrideMode: { include: ROUTES } });
  const items = new Collection({ make: document, newest: 'last', options: { count } });
  const database: Database = new memory(POUCHDB_NAME);
  await database.bulkDocs(items.records);
  const removed = new Set<string>();
  const server = await serve(app, () =>
    items.records.filter((record) => !removed.has(String(record._id))),
  );
  return {
    server,
    async add(more) {
      const before = items.records.length;
      items.add(more);
      await database.bulkDocs(items.records.slice(before));
    },
    async remove(id) {
      await database.remove(await database.get(id));
      removed.add(id);
    },
  };
}

function document(draw: Draw): JsonRecord {
  const { id, ...fields } = uuidItem(draw);
  return { _id: id ?? '', ...fields };
}
