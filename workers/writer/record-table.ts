/**
 * The table of a stream: found, or made from the first page, and brought to what the source declares.
 *
 *   not there ──first page──▶ key types from its records ──CREATE──▶ described
 *   there ──▶ described; declared columns that it lacks are added. One that could take no record of the
 *             first page is refused
 */
import type { ClientBase } from 'pg';
import { type Fault, IngestionError } from '../../src/core/fault.js';
import { qualifiedName, quoteIdentifier } from '../../src/postgres/stream-table.js';
import { SQL_TYPES, valueSql } from '../../src/postgres/value-sql.js';
import { keyTypeOf, recordValue } from '../../src/protocol/key-type.js';
import type { RecordColumn, WriterTarget } from '../../src/protocol/record-target.js';
import type { WriterSettings } from '../../src/protocol/writer-messages.js';
import { unfitColumns } from './column-fit.js';
import type { CopyFields } from './copy-records.js';
import { batchShape, recordShape, type TableShape } from './table-shape.js';
import { copyTable, makeSeenTable } from './tables-beside.js';

/** What the catalogue says of a table. */
interface FoundTable {
  readonly isTable: boolean;
  /** Types as format_type gives them, by column. */
  readonly types: Readonly<Record<string, string>>;
  /** Columns that are NOT NULL, and get no value of their own accord. */
  readonly required: readonly string[];
  /** The columns of each of its unique indexes. */
  readonly uniqueKeys: readonly (readonly string[])[];
}

const FIELDS_SHOWN_MAX = 20;

/** Two processes that make one table at once would each find the other's in the way. */
const LOCK = `SELECT pg_advisory_xact_lock(hashtextextended('datasync-ingestion table ' || $1, 0))`;

const FIND_TABLE = `
  SELECT c.relkind IN ('r', 'p') AS "isTable", (
    SELECT json_object_agg(attname, format_type(atttypid, atttypmod)) FROM pg_attribute
    WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
  ) AS types, coalesce((
    SELECT json_agg(attname ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
      AND attnotnull AND NOT atthasdef AND attidentity = ''
  ), '[]') AS required, coalesce((
    SELECT json_agg((
      SELECT json_agg(a.attname ORDER BY place)
      FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS part (attnum, place)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = part.attnum))
    FROM pg_index i
    WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
      AND i.indpred IS NULL AND i.indexprs IS NULL
  ), '[]') AS "uniqueKeys"
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relname = $2`;

/** The table that is written, and those beside it. */
export interface WrittenTables extends Pick<WriterSettings, 'target' | 'replaced'> {
  readonly seen: string | null;
}

/**
 * Makes the table where it is not there: like the one that it replaces, so that a row which that could not
 * take is refused by this one already.
 *
 * @param sample some of the first records, parsed; null: of none it can be told, and only a table that is
 *   there is described
 * @returns null when it is not there and nothing may be made
 * @throws IngestionError, DATABASE_REFUSED when it is of another form, CONTRACT when no record of the
 *   sample has the key; what node-postgres throws
 */
export async function openRecordTable(
  client: ClientBase,
  { target, replaced, seen }: WrittenTables,
  sample: readonly unknown[] | null,
): Promise<TableShape | null> {
  await client.query('BEGIN');
  try {
    const isReplaced = replaced !== null && (await openLocked(client, replaced, null)) !== null;
    if (isReplaced && (await find(client, target)) === null) {
      await copyTable(client, target, replaced);
    }
    const hasHeld = isReplaced && (await holdsOurs(client, replaced));
    const shape = await openLocked(client, target, hasHeld ? [] : sample);
    if (shape !== null && seen !== null) await makeSeenTable(client, seen, shape);
    await client.query('COMMIT');
    return shape && { ...shape, seen };
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}

async function openLocked(
  client: ClientBase,
  target: WriterTarget,
  sample: readonly unknown[] | null,
): Promise<TableShape | null> {
  const qualified = qualifiedName(target.schema, target.table);
  await client.query(LOCK, [qualified]);
  const found = await find(client, target);
  if (found === null) {
    if (sample === null) return null;
    const keyFault = absentKey(target, sample);
    if (keyFault !== null) throw new IngestionError(keyFault);
    // Another stream may be making the same schema.
    await client.query(LOCK, [target.schema]);
    await client.query(creation(target, sample));
    return openLocked(client, target, null);
  }
  if (!found.isTable) throw new IngestionError(noTable(qualified));
  const missing = missingColumns(target, found);
  if (missing.length > 0) {
    await client.query(`ALTER TABLE ${qualified} ${missing.join(', ')}`);
    return openLocked(client, target, sample);
  }
  const wrong = differences(target, found);
  const isFirstSeen = wrong.length === 0 && sample !== null;
  const unfit = isFirstSeen ? await unfitColumns(client, filledColumns(target, found), sample) : [];
  if (unfit.length > 0 && !(await holdsOurs(client, target))) wrong.push(...unfit);
  if (wrong.length > 0) throw new IngestionError(otherForm(qualified, wrong));
  return describe(target, found);
}

/** Of a table that took records before, one page may well hold none that fits. */
async function holdsOurs(
  client: ClientBase,
  { schema, table }: Pick<WriterTarget, 'schema' | 'table'>,
): Promise<boolean> {
  const qualified = qualifiedName(schema, table);
  const text = `SELECT EXISTS (SELECT 1 FROM ${qualified} WHERE page IS NOT NULL) AS holds`;
  const { rows } = await client.query<{ holds: boolean }>(text);
  return rows[0]?.holds === true;
}

async function find(client: ClientBase, target: WriterTarget): Promise<FoundTable | null> {
  const { rows } = await client.query<FoundTable>(FIND_TABLE, [target.schema, target.table]);
  return rows[0] ?? null;
}

/** A table made with a key that no record has would refuse every row. Null: some record has each column of it. */
function absentKey({ key }: WriterTarget, sample: readonly unknown[]): Fault | null {
  const absent = key.find(({ path }) =>
    sample.every((record) => recordValue(record, path) == null),
  );
  if (absent === undefined || sample.length === 0) return null;
  const fields = [...new Set(sample.flatMap(fieldsOf))].slice(0, FIELDS_SHOWN_MAX);
  return {
    code: 'CONTRACT',
    message: `no record of the first page has the primary key ${absent.path.join('.')}`,
    retryable: false,
    remedy: `Name in primary_key what each record has; the first records have ${fields.join(', ') || 'no fields'}`,
  };
}

function fieldsOf(record: unknown): string[] {
  return typeof record === 'object' && record !== null ? Object.keys(record) : [];
}

function creation(target: WriterTarget, sample: readonly unknown[]): string {
  const qualified = qualifiedName(target.schema, target.table);
  const key = target.key.map(({ name, path, type }) => {
    const found = type === null ? keyTypeOf(path, sample) : SQL_TYPES[type];
    const sqlType = target.reads === 'worker' ? 'uuid' : found;
    return `${quoteIdentifier(name)} ${sqlType} NOT NULL`;
  });
  const lines = [
    ...key,
    'occurred_at timestamptz NULL',
    ...target.columns.map(declaration),
    'data jsonb NOT NULL',
    'page integer NULL',
    ...(key.length === 0 ? [] : [`PRIMARY KEY (${keyNames(target).join(', ')})`]),
  ];
  return `CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(target.schema)};
    CREATE TABLE ${qualified} (${lines.join(', ')})`;
}

function keyNames({ key }: WriterTarget): string[] {
  return key.map(({ name }) => quoteIdentifier(name));
}

function declaration({ name, type, isNullable }: RecordColumn): string {
  return `${quoteIdentifier(name)} ${SQL_TYPES[type ?? 'text']}${isNullable ? '' : ' NOT NULL'}`;
}

/** Clauses that add what can be added to a table that holds rows. */
function missingColumns({ columns }: WriterTarget, { types }: FoundTable): string[] {
  const owner = 'page' in types ? [] : ['ADD COLUMN page integer NULL'];
  const added = columns
    .filter(({ name }) => !(name in types))
    .map((column) => `ADD COLUMN ${declaration({ ...column, isNullable: true })}`);
  return [...owner, ...added];
}

/** What is wrong with it, each as the end of a sentence about the table. */
function differences(target: WriterTarget, found: FoundTable): string[] {
  const { types, uniqueKeys, required } = found;
  const expected = { data: 'jsonb', page: 'integer', occurred_at: 'timestamp with time zone' };
  const wrong = Object.entries(expected).flatMap(([name, type]) => {
    const is = types[name];
    if (is === type) return [];
    return [
      is === undefined ? `it has no column ${name} (${type})` : `${name} is ${is}, not ${type}`,
    ];
  });
  const names = target.key.map(({ name }) => name);
  const noUuid = names.find((name) => types[name] !== 'uuid');
  if (target.reads === 'worker' && noUuid !== undefined) {
    wrong.push(`its key ${noUuid} is ${types[noUuid] ?? 'not there'}, not uuid`);
  }
  const isUnique = uniqueKeys.some(
    (key) => key.length === names.length && names.every((name) => key.includes(name)),
  );
  if (names.length > 0 && !isUnique) {
    wrong.push(`no unique index is over its key (${names.join(', ')})`);
  }
  const filled = new Set([...names, ...target.columns.map(({ name }) => name), 'data', 'page']);
  if (target.timePath !== null) filled.add('occurred_at');
  const unfilled = required.filter((name) => !filled.has(name));
  const why = 'is NOT NULL without a default, and no record fills it';
  wrong.push(...unfilled.map((name) => `its column ${name} (${types[name]}) ${why}`));
  return wrong;
}

function otherForm(qualified: string, wrong: readonly string[]): Fault {
  return {
    code: 'DATABASE_REFUSED',
    message: `the table ${qualified} is there already and is of another form: ${wrong.join('; ')}`,
    retryable: false,
    isOfStream: true,
    remedy: `Change it, rename it with ALTER TABLE ${qualified} RENAME TO …, or name another one under target in x-ingestion`,
  };
}

function noTable(qualified: string): Fault {
  return {
    code: 'DATABASE_REFUSED',
    message: `${qualified} is there already and is no table`,
    retryable: false,
    isOfStream: true,
    remedy: 'Rename it, or name a table under target in x-ingestion',
  };
}

/** Null: the table is not a bigint key and an instant, both read from the top of the record. */
function copyFieldsOf(target: WriterTarget, types: FoundTable['types']): CopyFields | null {
  const { key, columns, timePath } = target;
  const [first, second] = key;
  if (first === undefined || second !== undefined || columns.length > 0) return null;
  const [name, ...deeper] = first.path;
  if (name === undefined || deeper.length > 0 || types[first.name] !== 'bigint') return null;
  if (timePath !== null && timePath.length !== 1) return null;
  return { key: name, time: timePath?.[0] ?? null };
}

function filledColumns({ key, columns }: WriterTarget, { types }: Pick<FoundTable, 'types'>) {
  return [...key, ...columns].map(({ name, path }) => {
    const type = types[name] ?? 'text';
    return { name, path, type, sql: valueSql(path, type) };
  });
}

function describe(target: WriterTarget, { types }: FoundTable): TableShape {
  const table = {
    qualified: qualifiedName(target.schema, target.table),
    relation: target.table,
    key: target.key.map(({ name }) => name),
    merges: target.disposition === 'merge',
    seen: null,
    cursor: target.cursor,
  };
  if (target.reads === 'worker') return batchShape(table);
  const read = filledColumns(target, { types });
  const instant = {
    name: 'occurred_at',
    sql:
      target.timePath === null
        ? 'NULL::timestamptz'
        : valueSql(target.timePath, 'timestamp with time zone'),
  };
  return recordShape(table, [...read, instant], copyFieldsOf(target, types));
}
