/**
 * Watermarks: from where the next run of a stream reads on. One is written in the transaction that puts its run on
 * record as complete, so that it is never ahead of the rows.
 */
import type { ClientBase, Pool } from 'pg';
import { SET_RUN_STATUS } from './ledger-sql.js';
import type { StreamKey } from './ledger-types.js';
import { asked, inTransaction } from './transaction.js';

export interface Watermark {
  /** JSONPath to the field whose highest value it is. */
  readonly cursorPath: string;
  /** JSON text. */
  readonly value: string;
}

/** What the end of a run makes of its stream's watermark; `value` null: there is none any more. */
export interface WatermarkChange extends Omit<Watermark, 'value'> {
  readonly value: string | null;
}

/** What the pages of a run show of its watermark. */
export interface HighestOfRun {
  /** JSON texts of the values of its pages, each once. */
  readonly values: readonly string[];
  /** Epoch ms of its newest row, where all pages follow the source's order; null: they do not, or it has none. */
  readonly newestMs: number | null;
}

const FIND = `
  SELECT cursor_path AS "cursorPath", value FROM ingestion_watermarks
  WHERE source = $1 AND stream = $2 AND origin = $3`;

const HIGHEST = `
  SELECT coalesce(json_agg(DISTINCT highest) FILTER (WHERE highest IS NOT NULL), '[]') AS values,
    CASE WHEN bool_and(is_ordered) THEN max(split_part(first_position, '/', 1)::float8) END AS "newestMs"
  FROM ingestion_pages WHERE run = $1`;

const WRITE = `
  INSERT INTO ingestion_watermarks (source, stream, origin, cursor_path, value, run)
  SELECT source, stream, origin, $2, $3, run FROM ingestion_runs WHERE run = $1
  ON CONFLICT (source, stream, origin) DO UPDATE SET cursor_path = excluded.cursor_path,
    value = excluded.value, run = excluded.run, written_at = excluded.written_at`;

const REMOVE = `
  DELETE FROM ingestion_watermarks WHERE (source, stream, origin) IN (
    SELECT source, stream, origin FROM ingestion_runs WHERE run = $1)`;

/** @returns null: the stream has none @throws IngestionError */
export async function findWatermark(
  pool: Pool,
  { source, stream, origin }: StreamKey,
): Promise<Watermark | null> {
  const { rows } = await asked(pool.query<Watermark>(FIND, [source, stream, origin]));
  return rows[0] ?? null;
}

/** @throws IngestionError */
export async function highestOfRun(pool: Pool, run: number): Promise<HighestOfRun> {
  const { rows } = await asked(pool.query<HighestOfRun>(HIGHEST, [run]));
  return rows[0] ?? { values: [], newestMs: null };
}

/** Puts a run on record as complete. May be repeated. @throws IngestionError; then nothing has changed */
export function completeRun(pool: Pool, run: number, change: WatermarkChange): Promise<void> {
  return inTransaction(pool, async (client) => {
    await writeWatermark(client, run, change);
    await asked(client.query(SET_RUN_STATUS, [run, 'complete', null, null]));
  });
}

/** Within the transaction that completes the run. */
export async function writeWatermark(
  client: ClientBase,
  run: number,
  { cursorPath, value }: WatermarkChange,
): Promise<void> {
  if (value === null) await asked(client.query(REMOVE, [run]));
  else await asked(client.query(WRITE, [run, cursorPath, value]));
}
