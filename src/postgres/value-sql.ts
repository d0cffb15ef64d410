/** The SQL that takes a value of one type out of a record. */

/** Types whose JSON form is not what PostgreSQL reads as their text. */
const SPECIAL: Readonly<Record<string, (path: string) => string>> = {
  'timestamp with time zone': (path) => `ingestion_instant(record #> ${path})`,
  jsonb: (path) => `record #> ${path}`,
  json: (path) => `(record #> ${path})::json`,
  bytea: (path) => `decode(record #>> ${path}, 'base64')`,
};

/** @param type as format_type gives it */
export function valueSql(path: readonly string[], type: string): string {
  const steps = path.map((step) => `'${step.replaceAll("'", "''")}'`).join(', ');
  const array = `ARRAY[${steps}]::text[]`;
  return SPECIAL[type]?.(array) ?? `(record #>> ${array})::${type}`;
}
