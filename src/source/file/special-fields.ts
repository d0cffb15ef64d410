/**
 * Fields that dlt or PostHog know and this program does not act on: those that change nothing here, with
 * the reason, and those that it must refuse, with what to do instead.
 */

/** Accepted with a warning. */
export const HINTS: Readonly<Record<string, string>> = {
  name: 'changes nothing here: the name of the file is the name of the source',
  section: 'changes nothing here: it is where dlt looks for secrets, which are references here',
  dataset_name:
    'changes nothing here: tables are in the schema of the source; x-ingestion sets a target',
  pipeline_name: 'changes nothing here: the name of the file names the runs',
  destination: 'changes nothing here: DATABASE_URL says where rows go',
  max_table_nesting: 'changes nothing here: a record is one row, with its nested fields in data',
  root_key: 'changes nothing here: a record is one row, and has no child tables',
  schema_contract: 'changes nothing here: fields that no column is declared for stay in data',
  parallelized: 'changes nothing here: requests run at once as far as the limits permit',
  parent: 'changes nothing here: a record is one row, and has no child tables',
  parent_table_name: 'changes nothing here: a record is one row, and has no child tables',
  nested_hints: 'changes nothing here: a record is one row, with its nested fields in data',
  table_format: 'changes nothing here: tables are those of PostgreSQL',
  file_format: 'changes nothing here: rows go into PostgreSQL without files',
  references: 'changes nothing here: no foreign keys are made',
  row_order: 'changes nothing here: the paginator alone says how pages follow one another',
  merge_key: 'changes nothing here: rows are merged by primary_key alone',
  deduplicated: 'changes nothing here: a key is in its table once',
};

/** Of a column; accepted with one warning for all. */
export const COLUMN_HINTS: readonly string[] = [
  ...['precision', 'scale', 'timezone', 'description', 'variant', 'partition', 'cluster', 'unique'],
  ...['sort', 'merge_key', 'row_key', 'parent_key', 'root_key', 'hard_delete', 'dedup_sort'],
  'incremental',
];

const NO_CODE = 'is code of a Python program and cannot be in a file';

/** Names of fields that no block here has, wherever they stand. */
const REFUSED: Readonly<Record<string, string>> = {
  processing_steps: `${NO_CODE}; store the records as they are and shape them in SQL`,
  convert: `${NO_CODE}; write initial_value as the API takes it`,
  transform: `${NO_CODE}; write initial_value as the API takes it`,
  hooks: `${NO_CODE}; use response_actions`,
  session: `${NO_CODE}; the program has connections of its own`,
  data_from: `${NO_CODE}; name the parent as {resources.PARENT.FIELD}`,
  paginator_class: `${NO_CODE}; use a paginator with a type`,
  auth_class: `${NO_CODE}; use auth with a type`,
  expiry_date_format:
    'is not supported; the life of a token is read in seconds from expires_in_name',
  token_request_headers:
    'is not supported; put what the token endpoint needs into extra_token_request_params',
  access_token: 'is not taken here; for a token that is fixed use auth with type bearer',
};
/** The same, where the name alone says too little. */
const REFUSED_IN_ENDPOINT: Readonly<Record<string, string>> = {
  auth: 'is not supported for one endpoint; use client.auth, and a file of its own for each account',
  data: 'is not supported: a form cannot be sent; use json if the API takes a JSON body',
};
const DUNDER = /^__\w+__$/;

/** What to say of a field that is refused by its name; null: it is merely unknown. */
export function refusal(name: string, block: string | number | undefined): string | null {
  if (DUNDER.test(name)) return NO_CODE;
  const inEndpoint = block === 'endpoint' && Object.hasOwn(REFUSED_IN_ENDPOINT, name);
  if (inEndpoint) return REFUSED_IN_ENDPOINT[name] ?? null;
  return Object.hasOwn(REFUSED, name) ? (REFUSED[name] ?? null) : null;
}
