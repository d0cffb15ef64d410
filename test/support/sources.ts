/** A source file against a server that follows its API's contract: what is there, and what was stored. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { expect } from 'vitest';
import { type JsonRecord, jsonText } from './apis/contract.js';
import type { ApiServer } from './apis/serve.js';
import type { Exit, IngestFolder } from './ingest-process.js';
import type { TestDatabase } from './postgres.js';
import { readRepositoryFile } from './repository.js';

export interface SourceCase {
  /** A shipped source, or one that `writeSource` made. */
  readonly source: string;
  readonly stream: string;
  /** Where it is in the server's terms. @default the stream's name */
  readonly records?: string;
  /** Names of the fields of its key. */
  readonly key: readonly string[];
  /** In place of the API's address alone. */
  readonly basePath?: string;
  /** Where the server is may be part of them. */
  readonly env?:
    | Readonly<Record<string, string>>
    | ((api: Pick<ApiServer, 'origin'>) => Readonly<Record<string, string>>);
  /** What is written anew in the shipped file, as somebody does who makes it their own. */
  readonly edits?: readonly (readonly [from: string, to: string])[];
}

export function sourceEnv(
  { basePath = '', env = {} }: SourceCase,
  api: Pick<ApiServer<string>, 'origin'>,
  database: TestDatabase,
): Record<string, string> {
  return {
    API_BASE_URL: `${api.origin}${basePath}`,
    DATABASE_URL: database.connectionString,
    LOG_LEVEL: 'debug',
    ...(typeof env === 'function' ? env(api) : env),
  };
}

/** Makes a source file in the folder that the program finds it in by name. */
export function writeSource(folder: IngestFolder, name: string, text: string): string {
  const path = join(folder.path, `${name}.yaml`);
  writeFileSync(path, text);
  return path;
}

/** Puts a shipped file that is to be edited where it is found before the shipped one. */
export function editSource(folder: IngestFolder, { source, edits = [] }: SourceCase): void {
  if (edits.length === 0) return;
  const name = `${source}.yaml`;
  let text = readRepositoryFile(join('sources', name));
  for (const [from, to] of edits) {
    expect(text, name).toContain(from);
    text = text.replaceAll(from, () => to);
  }
  mkdirSync(join(folder.path, 'sources'), { recursive: true });
  writeFileSync(join(folder.path, 'sources', name), text);
}

/** Answers to requests that no limit refused and that asked for no token. */
export function answeredPages({ requests }: Pick<ApiServer, 'requests'>): number {
  return requests.filter(
    ({ isAuthorized, refusedBy }) => isAuthorized === true && refusedBy === null,
  ).length;
}

export async function dropTables(pool: Pool, one: SourceCase): Promise<void> {
  await pool.query(`DROP TABLE IF EXISTS ${tableOf(one)}`);
}

export function tableOf({ source, stream }: SourceCase): string {
  const schema = source.replace(/^.*\//, '').replace(/\.yaml$/, '');
  return `"${schema}"."${stream}"`;
}

/** The keys in the table, each as JSON. */
export async function storedKeys(pool: Pool, one: SourceCase): Promise<string[]> {
  const fields = one.key.map((name) => `data #> '{${name}}'`).join(', ');
  const { rows } = await pool.query<{ key: string }>(
    `SELECT jsonb_build_array(${fields})::text AS key FROM ${tableOf(one)}`,
  );
  return rows.map(({ key }) => key.replaceAll(', ', ',')).toSorted();
}

export function heldKeys(
  api: ApiServer<string>,
  { stream, records = stream, key }: SourceCase,
): string[] {
  return api
    .records(records)
    .map((held) => {
      const record = (typeof held === 'string' ? JSON.parse(held) : held) as JsonRecord;
      return jsonText(key.map((name) => record[name] ?? null));
    })
    .toSorted();
}

/** All that the API holds is in the table, once, and the ledger proves it; no request was refused. */
export async function expectDrained(
  api: ApiServer<string>,
  one: SourceCase,
  known: { readonly exit: Exit; readonly folder: IngestFolder; readonly database: TestDatabase },
): Promise<void> {
  const { exit, folder, database } = known;
  expect(exit.code, exit.stderr.slice(-3_000)).toBe(0);
  expect(await storedKeys(database.pool, one)).toEqual(heldKeys(api, one));
  expect(api.refused).toBe(0);
  const args = ['verify', '--source', one.source, '--stream', one.stream, '--json'];
  const verified = await folder.run(args, sourceEnv(one, api, database));
  expect(verified.code, verified.stdout + verified.stderr).toBe(0);
  expect(verified.result).toMatchObject({ ok: true, status: 'complete' });
}
