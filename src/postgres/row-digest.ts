/**
 * The digest of a row, as an expression that PostgreSQL computes: of its id and its instant to the
 * microsecond, and with the data of those too. Its hashes partition tables, so that they stay from
 * version to version. A page's digest is bit_xor over its rows: no order, and any part can be left out.
 *
 * For COPY, which returns no rows, workers/writer/row-digest.ts computes the same.
 */

export const ROW_DIGEST = 'hash_record_extended(ROW(id, occurred_at), 0)';

/** Equal as jsonb: spaces and the order of keys are no part of it. */
export const DATA_DIGEST = `jsonb_hash_extended(data, ${ROW_DIGEST})`;
