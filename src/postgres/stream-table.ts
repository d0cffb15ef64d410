/** The table of a stream, as statements name it, and the digest of its rows as PostgreSQL computes it. */

import { LOADING_SUFFIX, type WriterTarget } from '../protocol/record-target.js';

export interface StreamTable {
  /** Quoted where it needs to be; in a schema of its own, or found by the search path. */
  readonly qualified: string;
  /** Names of its key columns; none: no row is recognised when it comes again. */
  readonly key: readonly string[];
}

/** Made by the migrations; runs of every version know it by this name, which the search path finds. */
export const EVENTS_TABLE: StreamTable = { qualified: 'ingested_events', key: ['id'] };

export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function qualifiedName(schema: string, table: string): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
}

/** @param target as a source file has it */
export function tableName({ schema, table }: Pick<WriterTarget, 'schema' | 'table'>): string {
  const isOwn = schema === 'public' && table === EVENTS_TABLE.qualified;
  return isOwn ? table : qualifiedName(schema, table);
}

/** The table that a stream's rows go into. */
export function tableOf(target: WriterTarget): StreamTable {
  return { qualified: tableName(target), key: target.key.map(({ name }) => name) };
}

/** The target with the table that takes the rows of a run; null: they go where readers see them. */
export function loadingTarget(target: WriterTarget): WriterTarget | null {
  if (target.disposition !== 'replace') return null;
  return { ...target, table: `${target.table}${LOADING_SUFFIX}` };
}

/** The table of a run, as the ledger has it. */
export function streamTable(ledger: {
  readonly tableName: string;
  readonly tableKey: readonly string[];
}): StreamTable {
  return { qualified: ledger.tableName, key: ledger.tableKey };
}

/**
 * Of a row's key and its instant to the microsecond; without a key, of its data. PostgreSQL's hashes
 * partition tables, so that they stay from version to version. A page's digest is bit_xor over its rows:
 * no order, and any part can be left out.
 *
 * For COPY, which returns no rows, workers/writer/row-digest.ts computes the same for a uuid or a bigint.
 *
 * @param alias of the table in the statement; absent: the columns are named alone
 */
export function rowDigest({ key }: StreamTable, alias?: string): string {
  const of = alias === undefined ? '' : `${alias}.`;
  if (key.length === 0) return `jsonb_hash_extended(${of}data, 0)`;
  const columns = [...key.map(quoteIdentifier), 'occurred_at'].map((name) => `${of}${name}`);
  return `hash_record_extended(ROW(${columns.join(', ')}), 0)`;
}

/** With the data too. Equal as jsonb: spaces and the order of keys are no part of it. */
export function dataDigest(table: StreamTable, alias?: string): string {
  const digest = rowDigest(table, alias);
  const data = alias === undefined ? 'data' : `${alias}.data`;
  return table.key.length === 0 ? digest : `jsonb_hash_extended(${data}, ${digest})`;
}

/** The bits of pg_trigger.tgtype for what the writer does to a table: INSERT, and UPDATE where it merges. */
export function triggerEvents(merges: boolean): number {
  return merges ? 4 + 16 : 4;
}
