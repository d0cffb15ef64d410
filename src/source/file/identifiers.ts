/** Names of schemas, tables and columns: what PostgreSQL cuts off or keeps for itself is refused. */

/** PostgreSQL cuts longer names, so that two could become one. */
const IDENTIFIER_BYTES_MAX = 63;
const SYSTEM_SCHEMA = /^(?:pg_.*|information_schema)$/;
/** Of the program itself, in the schema public. */
const OWN_TABLE = /^ingestion_/;
/** The table of its own that is for the rows of codecs. */
export const CODEC_TABLE = 'ingested_events';
const encoder = new TextEncoder();

/** What is wrong with a name, as the rest of a sentence that begins with it; null: nothing. */
export function identifierFault(name: string): string | null {
  if (name === '' || name.includes('\0')) return 'is no name of a table or column';
  const bytes = encoder.encode(name).length;
  if (bytes <= IDENTIFIER_BYTES_MAX) return null;
  return `has ${bytes} bytes; names in PostgreSQL have at most ${IDENTIFIER_BYTES_MAX}`;
}

/** @param hasCodec whether a codec reads its rows @param suffix of a further table of its own */
export function targetFault(
  schema: string,
  table: string,
  { hasCodec, suffix }: { readonly hasCodec: boolean; readonly suffix: string },
): string | null {
  const long = identifierFault(schema) ?? identifierFault(table);
  if (long !== null) return long;
  const both = identifierFault(`${table}${suffix}`);
  if (both !== null) return `is loaded into one named ${table}${suffix}, which ${both}`;
  if (SYSTEM_SCHEMA.test(schema)) return 'is in a schema that PostgreSQL keeps for itself';
  const isOwn = OWN_TABLE.test(table) || (table === CODEC_TABLE && !hasCodec);
  return schema === 'public' && isOwn ? 'is a table of this program' : null;
}

/** Of columns that every table of PostgreSQL has. */
const SYSTEM_COLUMN = /^(?:tableoid|ctid|[xc]min|[xc]max)$/;

/** As `identifierFault`, for a column. */
export function columnFault(name: string): string | null {
  if (SYSTEM_COLUMN.test(name)) return 'has a name that PostgreSQL keeps for a column of its own';
  return identifierFault(name);
}
