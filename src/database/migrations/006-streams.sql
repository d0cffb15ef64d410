-- A run copies one stream of a source into one table.

ALTER TABLE ingestion_runs
  ADD COLUMN stream text NOT NULL DEFAULT 'events',
  -- Quoted as statements name it.
  ADD COLUMN table_name text NOT NULL DEFAULT 'ingested_events',
  -- Its key columns; none: no row is recognised when it comes again.
  ADD COLUMN table_key text[] NOT NULL DEFAULT '{id}';

DROP INDEX ingestion_runs_by_origin;
CREATE INDEX ingestion_runs_by_stream ON ingestion_runs (source, stream, origin, run DESC);

-- An instant as APIs write it: a text that PostgreSQL reads, or seconds or milliseconds since 1970 as a
-- number or its text. A text without a zone is UTC where the session's is.
CREATE FUNCTION ingestion_instant(value jsonb) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN value #>> '{}' ~ '^-?[0-9]+([.][0-9]+)?$' THEN to_timestamp(
      (value #>> '{}')::float8 / CASE WHEN abs((value #>> '{}')::float8) >= 1e11 THEN 1000 ELSE 1 END)
    ELSE nullif(value #>> '{}', '')::timestamptz
  END $$;
