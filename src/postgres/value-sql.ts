/** The types of the file format in PostgreSQL, and the SQL that takes a value of one out of a record. */
import type { ColumnType } from '../protocol/record-target.js';

/** As format_type gives them. */
export const SQL_TYPES: Readonly<Record<ColumnType, string>> = {
  text: 'text',
  bigint: 'bigint',
  double: 'double precision',
  bool: 'boolean',
  timestamp: 'timestamp with time zone',
  date: 'date',
  time: 'time without time zone',
  decimal: 'numeric',
  json: 'jsonb',
  binary: 'bytea',
};

/** Types whose JSON form is not what PostgreSQL reads as their text. */
const SPECIAL: Readonly<Record<string, (value: string, text: string) => string>> = {
  'timestamp with time zone': (value) => `ingestion_instant(${value})`,
  jsonb: (value) => value,
  json: (value) => `(${value})::json`,
  bytea: (_, text) => `decode(${text}, 'base64')`,
};

/**
 * @param type as format_type gives it
 * @param record SQL of the record, a jsonb
 */
export function valueSql(path: readonly string[], type: string, record = 'record'): string {
  const steps = path.map((step) => `'${step.replaceAll("'", "''")}'`).join(', ');
  const array = `ARRAY[${steps}]::text[]`;
  const text = `${record} #>> ${array}`;
  return SPECIAL[type]?.(`${record} #> ${array}`, text) ?? `(${text})::${type}`;
}
