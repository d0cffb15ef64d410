/** Tables that are made like the one of a stream: one that will replace its rows, one that takes their keys. */
import type { ClientBase } from 'pg';
import { qualifiedName, quoteIdentifier } from '../../src/postgres/stream-table.js';
import type { WriterTarget } from '../../src/protocol/record-target.js';
import type { TableShape } from './table-shape.js';

/** What LIKE does not copy: what rows refer to. */
const FOREIGN_KEYS = `
  SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint
  WHERE contype = 'f' AND conrelid = to_regclass($1) AND conrelid <> confrelid`;

/** @throws what node-postgres throws */
export async function copyTable(
  client: ClientBase,
  target: WriterTarget,
  replaced: WriterTarget,
): Promise<void> {
  const copy = qualifiedName(target.schema, target.table);
  const original = qualifiedName(replaced.schema, replaced.table);
  await client.query(`CREATE TABLE ${copy} (LIKE ${original} INCLUDING ALL)`);
  const { rows } = await client.query<{ definition: string }>(FOREIGN_KEYS, [original]);
  for (const { definition } of rows) await client.query(`ALTER TABLE ${copy} ADD ${definition}`);
}

/**
 * Where it is not there. Logged, as the rows are: a key that a crash has lost would be that of a row to delete.
 *
 * @throws what node-postgres throws
 */
export async function makeSeenTable(
  client: ClientBase,
  seen: string,
  { key, qualified }: TableShape,
): Promise<void> {
  const keys = key.map(quoteIdentifier).join(', ');
  await client.query(
    `CREATE TABLE IF NOT EXISTS ${seen} AS SELECT ${keys} FROM ${qualified} WITH NO DATA`,
  );
}
