/** What the ledger knows of the fields of a stream's records, and how they changed. */
import type { Pool } from 'pg';
import type { FieldsSeen, KnownField } from '../source/shape/known-fields.js';
import type { StreamKey } from './ledger-types.js';
import { asked, inTransaction } from './transaction.js';

const LOAD = `
  SELECT path, parent, kinds, first_run AS "firstRun", last_run AS "lastRun",
    jsonb_build_object('present', counted_present, 'of', counted_of) AS counted,
    jsonb_build_object('present', recent_present, 'of', recent_of) AS recent
  FROM ingestion_fields WHERE source = $1 AND stream = $2 AND origin = $3`;

const FORGET = 'DELETE FROM ingestion_fields WHERE source = $1 AND stream = $2 AND origin = $3';

const KEEP = `
  INSERT INTO ingestion_fields (source, stream, origin, path, parent, kinds, first_run, last_run,
    counted_present, counted_of, recent_present, recent_of)
  SELECT $1, $2, $3, path, parent, kinds, "firstRun", "lastRun",
    (counted ->> 'present')::bigint, (counted ->> 'of')::bigint,
    (recent ->> 'present')::bigint, (recent ->> 'of')::bigint
  FROM jsonb_to_recordset($4::jsonb) AS field (path text, parent text, kinds text[],
    "firstRun" integer, "lastRun" integer, counted jsonb, recent jsonb)`;

const NOTE_CHANGES = `
  INSERT INTO ingestion_field_changes (run, path, change, kinds_before, kinds_now, records, looked_at)
  SELECT $1, path, change, before, now, records, "of"
  FROM jsonb_to_recordset($2::jsonb) AS changed (path text, change text, before text[], now text[],
    records bigint, "of" bigint)
  ON CONFLICT DO NOTHING`;

/** Of a report; those that were noticed first come first. */
export const FIELD_CHANGES = `
  SELECT path, change, kinds_before AS before, kinds_now AS now,
    records::float8 AS records, looked_at::float8 AS "of"
  FROM ingestion_field_changes WHERE run = $1 ORDER BY noticed_at, path LIMIT $2`;

/** @throws IngestionError with the fault of the database */
export async function loadFields(
  pool: Pool,
  { source, stream, origin }: StreamKey,
): Promise<KnownField[]> {
  const { rows } = await asked(pool.query<KnownField>(LOAD, [source, stream, origin]));
  return rows;
}

/**
 * Puts what is known in place of what was, and adds the changes to those of the run. May be repeated.
 *
 * @throws IngestionError with the fault of the database
 */
export function keepFields(
  pool: Pool,
  { source, stream, origin }: StreamKey,
  { run, known, changes }: FieldsSeen & { readonly run: number },
): Promise<void> {
  const key = [source, stream, origin];
  return inTransaction(pool, async (client) => {
    await asked(client.query(FORGET, key));
    await asked(client.query(KEEP, [...key, JSON.stringify(known)]));
    if (changes.length === 0) return;
    await asked(client.query(NOTE_CHANGES, [run, JSON.stringify(changes)]));
  });
}
