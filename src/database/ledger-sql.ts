/** The statements of the run store, one constant each. Instants cross as epoch milliseconds. */

const RUN_COLUMNS = `run, source, stream, origin, table_name AS "tableName", table_key AS "tableKey", replaced_by AS "replacedBy", status, last_error AS "lastError",
  settings - 'warnings' AS settings, coalesce(settings -> 'warnings', '[]') AS warnings,
  (extract(epoch FROM started_at) * 1000)::float8 AS "startedAtMs",
  (extract(epoch FROM finished_at) * 1000)::float8 AS "finishedAtMs",
  (extract(epoch FROM resume_at) * 1000)::float8 AS "resumeAtMs",
  source_total::float8 AS "sourceTotal", submission, deleted::float8 AS deleted, missed,
  (extract(epoch FROM first_request_at) * 1000)::float8 AS "firstRequestAtMs"`;

export const FIND_LATEST_RUN = `
  SELECT ${RUN_COLUMNS} FROM ingestion_runs
  WHERE source = $1 AND stream = $2 AND origin = $3 ORDER BY run DESC LIMIT 1`;

export const FIND_NEWEST_RUN = `SELECT ${RUN_COLUMNS} FROM ingestion_runs ORDER BY run DESC LIMIT 1`;

export const FIND_RUN = `SELECT ${RUN_COLUMNS} FROM ingestion_runs WHERE run = $1`;

export const CREATE_RUN = `
  INSERT INTO ingestion_runs (source, stream, origin, table_name, table_key, status, settings)
  VALUES ($1, $2, $3, $4, $5, 'running', $6) RETURNING ${RUN_COLUMNS}`;

export const SET_RUN_STATUS = `
  UPDATE ingestion_runs SET
    status = $2,
    finished_at = CASE WHEN $2 IN ('complete', 'failed') THEN now() END,
    resume_at = to_timestamp($3::float8 / 1000),
    last_error = $4
  WHERE run = $1`;

export const SET_SOURCE_FACTS = `
  UPDATE ingestion_runs SET
    source_total = coalesce($2::bigint, source_total),
    first_request_at = coalesce(first_request_at, to_timestamp($3::float8 / 1000))
  WHERE run = $1`;

// How a run ended is not written over by what came before.
export const SET_LAST_ERROR = `
  UPDATE ingestion_runs SET last_error = $2 WHERE run = $1 AND status = 'running'`;

// Beside the settings: the ledger of an earlier version has a place for them too.
export const SET_WARNINGS = `
  UPDATE ingestion_runs SET settings = settings || jsonb_build_object('warnings', $2::jsonb)
  WHERE run = $1`;

export const SET_MISSED = 'UPDATE ingestion_runs SET missed = $2 WHERE run = $1';

export const SET_SUBMISSION = 'UPDATE ingestion_runs SET submission = $2 WHERE run = $1';

export const LOAD_PAGES = `
  SELECT id, segment, page, cursor, next_cursor AS "nextCursor",
    (extract(epoch FROM next_cursor_expires_at) * 1000)::float8 AS "nextCursorExpiresAtMs",
    has_more AS "hasMore", is_ordered AS "isOrdered", after_position AS "after", through_position AS "through",
    last_position AS "last", clipped, returned, inserted, updated, duplicate, known, quarantined
  FROM ingestion_pages WHERE run = $1 ORDER BY segment, page`;

/** The runs whose rows are in the same table. @param run an SQL expression */
export const runsOfTable = (run: string): string => `
  SELECT one.run FROM ingestion_runs AS one JOIN ingestion_runs AS this USING (table_name)
  WHERE this.run = ${run} AND (one.replaced_by IS NULL OR one.run = this.run)`;

/**
 * Rows of its table that were there before the first run, or before rows had owners, and that no page has taken over.
 *
 * @param run an SQL expression
 */
export const unownedRows = (run: string): string => `greatest(0, coalesce((
  SELECT sum(count) FROM ingestion_unowned_rows
  WHERE table_name = (SELECT table_name FROM ingestion_runs WHERE run = ${run})), 0)
  - coalesce((
    SELECT sum(rows) FROM ingestion_superseded
    WHERE page IS NULL AND run IN (${runsOfTable(run)})), 0))::float8`;

/** Rows that no page owned, and that pages of the run have taken over. @param run an SQL expression */
const takenUnowned = (run: string): string => `coalesce((
  SELECT sum(s.rows) FROM ingestion_superseded AS s JOIN ingestion_pages AS taker ON taker.id = s.taken_by
  WHERE s.page IS NULL AND taker.run = ${run}), 0)::float8`;

/**
 * The sums of RunTotals over the pages of one run. What it found of others' rows is no more than others
 * have written: where a stretch was walked twice, such rows were found twice.
 *
 * Sums of integers are bigint, which node-postgres gives as text; as float8 they are numbers, exact up
 * to 2^53.
 *
 * @param run an SQL expression
 */
export const runTotals = (run: string): string => `
  SELECT own.pages, own.returned, own.inserted, own.updated, own.duplicate, own.differing, own.quarantined,
    own.inserted + least(own.known, others.written) AS rows
  FROM (
    SELECT count(*)::float8 AS pages,
      coalesce(sum(returned), 0)::float8 AS returned,
      coalesce(sum(inserted), 0)::float8 AS inserted,
      coalesce(sum(updated), 0)::float8 AS updated,
      coalesce(sum(duplicate), 0)::float8 AS duplicate,
      coalesce(sum(known), 0)::float8 AS known,
      coalesce(sum(differing), 0)::float8 AS differing,
      coalesce(sum(quarantined), 0)::float8 AS quarantined,
      coalesce(sum(inserted) FILTER (WHERE id IS NULL), 0)::float8 AS unowned
    FROM ingestion_pages WHERE run = ${run}
  ) AS own, LATERAL (
    SELECT coalesce(sum(inserted), 0)::float8 - own.unowned + ${unownedRows(run)}
      + ${takenUnowned(run)} AS written
    FROM ingestion_pages
    WHERE run <> ${run} AND id IS NOT NULL AND run IN (${runsOfTable(run)})
  ) AS others`;

export const LOAD_TOTALS = runTotals('$1');

// One row, also where nothing is known: the server's clock is wanted all the same.
export const LOAD_LIMITS = `
  SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "nowMs",
    coalesce((
      SELECT jsonb_agg(jsonb_build_object('bucket', bucket, 'name', name, 'owner', owner,
        'quota', quota, 'windowMs', window_ms, 'startedAtMs', started_at_ms,
        'startedCount', started_count, 'boot', boot, 'bootAtMs', boot_at_ms) ORDER BY written_at, bucket)
      FROM ingestion_limits
      WHERE origin = $1 AND key_hash = $2 AND (bucket = $3 OR starts_with(bucket, $3 || '/'))
    ), '[]') AS rows`;

export const RESERVE_STARTS = `
  SELECT granted, now_ms AS "nowMs", others
  FROM ingestion_reserve_starts($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9, $10)`;

// -1 until the table is first analysed.
export const ESTIMATE_ROWS = `
  SELECT reltuples::float8 AS estimate FROM pg_class WHERE oid = to_regclass($1)`;

export const TABLE_IS_THERE = 'SELECT to_regclass($1) IS NOT NULL AS "isThere"';

/** Before the first run over a table: rows that others have put there. */
export const noteUnownedRows = (qualified: string): string => `
  INSERT INTO ingestion_unowned_rows (count, table_name)
  SELECT rows, $1 FROM (SELECT count(*) AS rows FROM ${qualified}) AS found
  WHERE rows > 0 AND NOT EXISTS (SELECT FROM ingestion_runs WHERE table_name = $1)
    AND NOT EXISTS (SELECT FROM ingestion_unowned_rows WHERE table_name = $1)`;

export const tableHasRows = (qualified: string): string =>
  `SELECT EXISTS (SELECT FROM ${qualified}) AS "hasRows"`;
