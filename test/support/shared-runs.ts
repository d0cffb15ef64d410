/** Runs that processes share over Redis: their sources, the programs that work on them, and what the ledger says. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { afterEach, expect } from 'vitest';
import { type GatedApi, startGatedApi } from './gated-api.js';
import { useEmptyTables } from './ingest-check.js';
import { type IngestFolder, type IngestProcess, useIngestFolder } from './ingest-process.js';
import type { TestDatabase } from './postgres.js';
import type { RedisServer } from './redis-server.js';

export interface SharedSource {
  readonly name: string;
  readonly path: string;
  readonly api: GatedApi;
}

const CURSOR = { type: 'cursor', cursor_path: 'next', cursor_param: 'cursor' };
let sources = 0;

export class SharedRuns {
  readonly database: TestDatabase;
  readonly folder: IngestFolder;
  readonly #redis: RedisServer;
  readonly #password: string;
  readonly #apis: GatedApi[];

  constructor(
    { database, folder, redis }: Pick<SharedRuns, 'database' | 'folder'> & { redis: RedisServer },
    apis: GatedApi[],
    password: string,
  ) {
    this.database = database;
    this.folder = folder;
    this.#redis = redis;
    this.#apis = apis;
    this.#password = password;
  }

  get #redisUrl(): string {
    return this.#redis.url.replace('://', this.#password === '' ? '://' : `://:${this.#password}@`);
  }

  async source(pages: number): Promise<SharedSource> {
    const api = await startGatedApi(pages);
    this.#apis.push(api);
    const name = `shared_${sources++}`;
    const path = this.write(`${name}.json`, api.origin);
    return { name, path, api };
  }

  /** A file of a source over an API, which it gives its name. @param endpoint beside the paginator */
  write(place: string, origin: string, endpoint: object = {}): string {
    const path = resolve(this.folder.path, place);
    mkdirSync(dirname(path), { recursive: true });
    const file = {
      client: { base_url: origin, paginator: CURSOR },
      resources: [
        {
          ...{ name: 'items', primary_key: 'id' },
          endpoint: { path: 'items', data_selector: 'data', ...endpoint },
        },
      ],
    };
    writeFileSync(path, JSON.stringify(file));
    return path;
  }

  get env(): Record<string, string> {
    return {
      DATABASE_URL: this.database.connectionString,
      REDIS_URL: this.#redisUrl,
      MEMBER_LEASE: '2',
      LOG_LEVEL: 'debug',
      RETRY_PAUSE: '0.1',
    };
  }

  ingest({ path }: Pick<SharedSource, 'path'>, ...args: readonly string[]): IngestProcess {
    return this.folder.start(['ingest', '--source', path, '--json', ...args], this.env);
  }

  worker(...args: readonly string[]): IngestProcess {
    return this.folder.start(['worker', ...args], this.env);
  }

  /** A run of which `pages` pages are committed, and whose only member is dead since then. */
  async leftRun(source: SharedSource, pages: number): Promise<void> {
    const { name, api } = source;
    const owner = this.ingest(source);
    api.permit(pages);
    await owner.untilLog('page_committed', { count: pages });
    await api.untilAsked();
    await owner.kill();
    expect(await this.statusOf(name)).toBe('running');
  }

  async statusOf(name: string): Promise<string | undefined> {
    const { rows } = await this.database.pool.query<{ status: string }>(
      'SELECT status FROM ingestion_runs WHERE source = $1 ORDER BY run DESC LIMIT 1',
      [name],
    );
    return rows[0]?.status;
  }

  /** Fails unless its run is complete, and each of its records is a row. */
  async expectWhole({ name, api }: SharedSource): Promise<void> {
    expect(await this.statusOf(name)).toBe('complete');
    const { rows } = await this.database.pool.query<{ ids: number[] }>(
      `SELECT array_agg((data ->> 'id')::integer ORDER BY (data ->> 'id')::integer) AS ids
       FROM "${name}".items`,
    );
    expect(rows[0]?.ids).toEqual(Array.from({ length: api.recordCount }, (_, id) => id));
  }

  /** Members and held segments of all runs. */
  async holdings(): Promise<{ members: number; held: number } | undefined> {
    const { rows } = await this.database.pool.query<{ members: number; held: number }>(
      `SELECT (SELECT count(*) FROM ingestion_members WHERE lease_until > clock_timestamp())::int AS members,
         (SELECT count(*) FROM ingestion_segments WHERE epoch <> 0)::int AS held`,
    );
    return rows[0];
  }
}

/** Called at the top of a test file; `password` is that of Redis. The tables of the ledger are empty before each test. */
export function useSharedRuns(redis: RedisServer, password = ''): SharedRuns {
  const apis: GatedApi[] = [];
  const [database, folder] = [useEmptyTables(), useIngestFolder()];
  afterEach(async () => {
    await Promise.all(apis.splice(0).map((api) => api.close()));
  });
  return new SharedRuns({ database, folder, redis }, apis, password);
}
