/** Sources over a family API, drained by the real program, and what is then in their tables. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { ApiServer } from './apis/serve.js';
import { type FamilyOptions, startFamilyApi } from './family-api.js';
import { type Exit, type IngestFolder, useIngestFolder } from './ingest-process.js';
import { type TestDatabase, usePostgres } from './postgres.js';

export interface FamilySource {
  readonly name: string;
  readonly api: ApiServer<never>;
  run(args: readonly string[], flags?: readonly string[]): Promise<Exit>;
}

const CURSOR = { type: 'cursor', cursor_path: 'next', cursor_param: 'cursor' };
let sources = 0;

export class FamilyRuns {
  readonly database: TestDatabase;
  readonly #folder: IngestFolder;
  readonly #servers: ApiServer<never>[];

  constructor(database: TestDatabase, folder: IngestFolder, servers: ApiServer<never>[]) {
    this.database = database;
    this.#folder = folder;
    this.#servers = servers;
  }

  async start(
    resources: readonly (string | object)[],
    options: FamilyOptions,
    ingestion: object = {},
  ): Promise<FamilySource> {
    const api = await startFamilyApi(options);
    this.#servers.push(api);
    const name = `family_${sources++}`;
    const path = join(this.#folder.path, `${name}.json`);
    const file = {
      client: { base_url: api.origin, paginator: CURSOR },
      resource_defaults: { endpoint: { data_selector: 'data' } },
      resources,
      'x-ingestion': ingestion,
    };
    writeFileSync(path, JSON.stringify(file));
    const { connectionString } = this.database;
    const env = { DATABASE_URL: connectionString, LOG_LEVEL: 'debug', RETRY_PAUSE: '0.1' };
    const run: FamilySource['run'] = (args, flags) =>
      this.#folder.run([...args, '--source', path], env, flags);
    return { name, api, run };
  }

  /** Texts of rows, in the order of their bytes. */
  async rows(sql: string, ...values: readonly unknown[]): Promise<string[]> {
    const found = await this.database.pool.query<{ text: string }>(sql, [...values]);
    return found.rows.map(({ text }) => text).toSorted();
  }

  dataOf(name: string, table: string): Promise<string[]> {
    return this.rows(`SELECT data::text AS text FROM "${name}"."${table}"`);
  }

  /** What the API holds, as its rows should be. */
  held(records: readonly object[]): Promise<string[]> {
    const texts = records.map((record) => JSON.stringify(record));
    return this.rows('SELECT unnest($1::text[])::jsonb::text AS text', texts);
  }
}

/** Called at the top of a test file. */
export function useFamilyRuns(): FamilyRuns {
  const servers: ApiServer<never>[] = [];
  const [database, folder] = [usePostgres(), useIngestFolder()];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });
  return new FamilyRuns(database, folder, servers);
}
