/** Types of what is used of packages that ship without a declaration. */
declare module 'json-server' {
  import type { RequestHandler } from 'express';

  interface JsonServer {
    router(data: Readonly<Record<string, readonly object[]>>): RequestHandler;
    create(): { use(handler: RequestHandler): void } & import('node:http').RequestListener;
  }

  const jsonServer: JsonServer;
  // biome-ignore lint/style/noDefaultExport: this is how json-server exports it.
  export default jsonServer;
}

declare module 'pouchdb-core' {
  export interface Database {
    bulkDocs(documents: readonly object[]): Promise<unknown>;
    remove(document: { readonly _id: string; readonly _rev: string }): Promise<unknown>;
    get(id: string): Promise<{ readonly _id: string; readonly _rev: string }>;
  }

  export interface DatabaseConstructor {
    new (name: string): Database;
    plugin(plugin: unknown): DatabaseConstructor;
    defaults(options: { readonly adapter: string; readonly prefix: string }): DatabaseConstructor;
  }

  const PouchDb: DatabaseConstructor;
  // biome-ignore lint/style/noDefaultExport: this is how pouchdb-core exports it.
  export default PouchDb;
}

declare module 'pouchdb-adapter-memory' {
  const plugin: unknown;
  // biome-ignore lint/style/noDefaultExport: this is how the adapter exports it.
  export default plugin;
}

declare module 'express-pouchdb' {
  import type { RequestListener } from 'node:http';
  import type { DatabaseConstructor } from 'pouchdb-core';

  // biome-ignore lint/style/noDefaultExport: this is how express-pouchdb exports it.
  export default function expressPouchDb(
    pouchDb: DatabaseConstructor,
    options: {
      readonly mode: 'custom';
      readonly overrideMode: { readonly include: readonly string[] };
    },
  ): RequestListener;
}
