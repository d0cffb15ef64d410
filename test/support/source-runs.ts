/** Source files that a test writes, drained by the real program, and what is then in the database. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { DEFAULT_CREDENTIAL, type JsonRecord, jsonText } from './apis/contract.js';
import { type Apis, useApis } from './apis/use-apis.js';
import {
  type Exit,
  type IngestFolder,
  type IngestProcess,
  useIngestFolder,
} from './ingest-process.js';
import { type TestDatabase, usePostgres } from './postgres.js';

/** Parts of a source file with one resource, as the file has them. */
export interface SourceParts {
  /** @default the key in the header x-api-key; null: none */
  readonly auth?: object | string | null;
  readonly paginator?: object | string;
  /** Beside the paginator. */
  readonly endpoint?: object;
  /** Of the resource, beside its endpoint; the key is `id` unless this says otherwise. */
  readonly resource?: object;
  /** Of `x-ingestion`. */
  readonly ingestion?: object;
  /** Of `x-ingestion`, for the resource. */
  readonly stream?: object;
}

export interface TestSource {
  /** Also that of its schema. */
  readonly name: string;
  readonly path: string;
  readonly stream: string;
  /** Begin of the names of its variables. */
  readonly prefix: string;
}

/** Where a source is drained from, and with what else in the environment. */
export interface SourceAddress {
  readonly origin: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What the ledger says of the run of a source. */
export interface RunFacts {
  readonly status: string;
  readonly pages: number;
  readonly segments: number;
  readonly returned: number;
  readonly inserted: number;
  readonly duplicate: number;
  readonly quarantined: number;
}

const STREAM = 'items';
const HEADER_KEY = { type: 'api_key', name: 'x-api-key', location: 'header' };
let sources = 0;

export class SourceRuns {
  readonly database: TestDatabase;
  readonly folder: IngestFolder;
  readonly apis: Apis;

  constructor(database: TestDatabase, folder: IngestFolder, apis: Apis) {
    this.database = database;
    this.folder = folder;
    this.apis = apis;
  }

  /** Writes a file under a name of its own, so that the tests of a file share a database. */
  source(parts: SourceParts): TestSource {
    const name = `source_${sources++}`;
    const path = join(this.folder.path, `${name}.json`);
    const source = { name, path, stream: STREAM, prefix: name.toUpperCase() };
    this.rewrite(source, parts);
    return source;
  }

  /** Puts another file in its place. */
  rewrite({ path }: TestSource, parts: SourceParts): void {
    const { auth = HEADER_KEY, paginator, endpoint, resource, ingestion, stream } = parts;
    const paged = paginator === undefined ? {} : { paginator };
    const file = {
      client: { base_url: 'https://api.example.com', ...(auth === null ? {} : { auth }) },
      resources: [
        {
          ...{ name: STREAM, primary_key: 'id', ...resource },
          endpoint: { path: 'items', ...paged, ...endpoint },
        },
      ],
      'x-ingestion': { ...ingestion, resources: { [STREAM]: { ...stream } } },
    };
    writeFileSync(path, JSON.stringify(file));
  }

  env(source: TestSource, { origin, env = {} }: SourceAddress): Record<string, string> {
    return {
      API_BASE_URL: origin,
      DATABASE_URL: this.database.connectionString,
      LOG_LEVEL: 'debug',
      [`${source.prefix}_API_KEY`]: DEFAULT_CREDENTIAL,
      ...env,
    };
  }

  start(
    source: TestSource,
    address: SourceAddress,
    nodeFlags: readonly string[] = [],
  ): IngestProcess {
    const args = ['ingest', '--source', source.path, '--json'];
    return this.folder.start(args, this.env(source, address), nodeFlags);
  }

  ingest(source: TestSource, address: SourceAddress, nodeFlags?: readonly string[]): Promise<Exit> {
    return this.start(source, address, nodeFlags).end();
  }

  /** Drains it, which has to succeed. */
  async drain(source: TestSource, address: SourceAddress): Promise<Exit> {
    const exit = await this.ingest(source, address);
    expect(exit.code, exit.stdout + exit.stderr.slice(-3_000)).toBe(0);
    return exit;
  }

  /** The table holds these records, whole and each once, and the ledger proves it. */
  async expectStored(
    source: TestSource,
    address: SourceAddress,
    records: readonly JsonRecord[],
  ): Promise<void> {
    const held = await this.texts(
      'SELECT unnest($1::text[])::jsonb::text AS text',
      records.map(jsonText),
    );
    const stored = await this.texts(`SELECT data::text AS text FROM ${this.table(source)}`);
    expect(stored).toEqual(held);
    await this.expectProved(source, address);
  }

  async expectProved(source: TestSource, address: SourceAddress): Promise<void> {
    const args = ['verify', '--source', source.path, '--json'];
    const { code, result, stdout, stderr } = await this.folder.run(args, this.env(source, address));
    expect(code, stdout + stderr).toBe(0);
    expect(result).toMatchObject({ ok: true, status: 'complete' });
  }

  async facts({ name }: TestSource): Promise<RunFacts> {
    const { rows } = await this.database.pool.query<RunFacts>(
      `SELECT r.status, count(*)::int AS pages, count(DISTINCT p.segment)::int AS segments,
         sum(p.returned)::int AS returned, sum(p.inserted)::int AS inserted,
         sum(p.duplicate)::int AS duplicate, sum(p.quarantined)::int AS quarantined
       FROM ingestion_runs r JOIN ingestion_pages p USING (run)
       WHERE r.source = $1 GROUP BY r.run ORDER BY r.run DESC LIMIT 1`,
      [name],
    );
    const [facts] = rows;
    if (facts === undefined) throw new Error(`the ledger has no page of ${name}`);
    return facts;
  }

  /** Quarantined records with their reasons, as they came. */
  async quarantine({ name }: TestSource): Promise<{ reason: string; raw_text: string }[]> {
    const { rows } = await this.database.pool.query<{ reason: string; raw_text: string }>(
      `SELECT reason, raw_text FROM ingestion_quarantine JOIN ingestion_runs USING (run)
       WHERE source = $1 ORDER BY page, index`,
      [name],
    );
    return rows;
  }

  /** Quoted, with its schema. */
  table({ name, stream }: TestSource): string {
    return `"${name}"."${stream}"`;
  }

  /** Names and types of its columns. */
  async columns({ name, stream }: TestSource): Promise<Record<string, string>> {
    const { rows } = await this.database.pool.query<{ column_name: string; data_type: string }>(
      `SELECT column_name, data_type FROM information_schema.columns
       WHERE table_schema = $1 AND table_name = $2`,
      [name, stream],
    );
    return Object.fromEntries(rows.map(({ column_name, data_type }) => [column_name, data_type]));
  }

  /** All that the ledger, the limits and the kept tokens say, as text. */
  async ledgerText(): Promise<string> {
    const { rows } = await this.database.pool.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class
       WHERE relname LIKE 'ingestion%' AND relkind = 'r' AND relnamespace = 'public'::regnamespace`,
    );
    const texts = rows.map(({ name }) =>
      this.texts(`SELECT row_to_json("${name}")::text AS text FROM "${name}"`),
    );
    return (await Promise.all(texts)).flat().join('\n');
  }

  /** What the program left in its folder: state file, reports, and the source file. */
  writtenFiles(): string {
    return readdirSync(this.folder.path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'))
      .join('\n');
  }

  /** In the order of their bytes. */
  private async texts(sql: string, ...values: readonly unknown[]): Promise<string[]> {
    const { rows } = await this.database.pool.query<{ text: string }>(sql, [...values]);
    return rows.map(({ text }) => text).toSorted();
  }
}

/** Called at the top of a test file. */
export function useSourceRuns(): SourceRuns {
  return new SourceRuns(usePostgres(), useIngestFolder(), useApis());
}
