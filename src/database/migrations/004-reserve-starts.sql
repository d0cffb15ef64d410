-- Starts are reserved by one call, by the server's clock, for all processes that share a key.

ALTER TABLE ingestion_limits
  -- The process whose starts these are: its source, and what tells it from others; '': from before.
  ADD COLUMN owner text NOT NULL DEFAULT '',
  -- As the API calls the limit; '': a pace.
  ADD COLUMN name text NOT NULL DEFAULT '',
  -- The start of the owner's machine, by name and by the server's clock, so that starts keep their age when
  -- that clock is set; null: the machine does not tell.
  ADD COLUMN boot text NULL,
  ADD COLUMN boot_at_ms double precision NULL,
  -- The policy that was written last is the truest.
  ADD COLUMN written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  DROP CONSTRAINT ingestion_limits_pkey,
  ADD PRIMARY KEY (origin, key_hash, bucket, owner);

UPDATE ingestion_limits AS one SET name = regexp_replace(bucket, '^[^/]*/?[^/]*/?', '');
-- The start of the machine had a row of its own.
UPDATE ingestion_limits AS one SET boot = machine.name, boot_at_ms = machine.started_at_ms[1]
FROM ingestion_limits AS machine
WHERE machine.bucket ~ '^[^/]*/boot/' AND (machine.origin, machine.key_hash) = (one.origin, one.key_hash)
  AND split_part(machine.bucket, '/', 1) = split_part(one.bucket, '/', 1);
DELETE FROM ingestion_limits WHERE bucket ~ '^[^/]*/boot/';

-- One after the other for a key, for each has to see the starts before its own: a plain statement
-- would look at the table as it was before it got the lock.
--
--   given     the limits of the process: bucket, name, quota, windowMs, startedAtMs, startedCount, and what
--             each leaves it, free, of which starts of others take that lie behind until_ms - spanMs
--   heir_of  owners that are dead: what they have started is in `given`
--   others    by name, the starts of others that a limit may still count: [[instant, count], ...]
CREATE FUNCTION ingestion_reserve_starts(
  of_origin text, of_key text, of_bucket text, me text, heir_of text[], given jsonb,
  my_boot text, my_boot_at_ms double precision, wanted integer, until_ms double precision,
  OUT granted integer, OUT now_ms double precision, OUT others jsonb
) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(concat_ws(' ', 'limits', of_origin, of_key, of_bucket), 0));
  now_ms := extract(epoch FROM clock_timestamp()) * 1000;

  DELETE FROM ingestion_limits AS old
  WHERE origin = of_origin AND key_hash = of_key
    AND (bucket = of_bucket OR starts_with(bucket, of_bucket || '/'))
    AND CASE
      WHEN owner = me THEN bucket NOT IN (SELECT one ->> 'bucket' FROM jsonb_array_elements(given) AS one)
      WHEN owner = ANY (heir_of) THEN true
      -- All have left the window, where its length is known.
      ELSE EXISTS (
        SELECT FROM jsonb_to_recordset(given) AS one (bucket text, name text, "windowMs" integer)
        WHERE one.name = old.name AND substr(one.bucket, length(of_bucket) + 2) !~ '^[a-z]+\?/'
          AND now_ms - 1000 - greatest(window_ms, one."windowMs") * 1.05
            > (SELECT coalesce(max(at_ms), 0) FROM unnest(started_at_ms) AS at_ms))
    END;

  SELECT least(wanted, min(greatest(0, free - taken)) FILTER (WHERE taken > 0)),
    coalesce(jsonb_object_agg(name, starts), '{}')
  INTO granted, others
  FROM jsonb_to_recordset(given) AS limited
      (name text, "windowMs" integer, free integer, "spanMs" double precision)
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(count) FILTER (WHERE at_ms > until_ms - "spanMs"), 0)::integer AS taken,
        coalesce(jsonb_agg(jsonb_build_array(at_ms, count) ORDER BY at_ms), '[]') AS starts
      FROM (
        -- At the end of a step, so that a hundred processes tell of some thousand starts at the most.
        SELECT ceil(start.at_ms / step_ms) * step_ms AS at_ms, sum(start.count) AS count
        FROM (
          -- Who does not know the limit yet has started all the same.
          SELECT DISTINCT ON (owner) started_at_ms, started_count FROM ingestion_limits AS log
          WHERE origin = of_origin AND key_hash = of_key AND owner <> me
            AND (bucket = of_bucket OR starts_with(bucket, of_bucket || '/'))
          ORDER BY owner, (log.name = limited.name) DESC, cardinality(started_at_ms) DESC
        ) AS log, unnest(started_at_ms, started_count) AS start (at_ms, count),
          LATERAL (SELECT greatest(1, "windowMs" * 0.0005::double precision)) AS step (step_ms)
        WHERE start.at_ms > now_ms - 1000 - "windowMs" * 1.05
        GROUP BY 1
      ) AS start
    ) AS counted;

  INSERT INTO ingestion_limits (origin, key_hash, bucket, owner, name, quota, window_ms,
    started_at_ms, started_count, boot, boot_at_ms)
  SELECT of_origin, of_key, bucket, me, name, quota, "windowMs",
    "startedAtMs" || CASE WHEN granted > 0 THEN ARRAY[until_ms] ELSE '{}' END,
    "startedCount" || CASE WHEN granted > 0 THEN ARRAY[granted] ELSE '{}' END,
    my_boot, my_boot_at_ms
  FROM jsonb_to_recordset(given) AS one (bucket text, name text, quota integer, "windowMs" integer,
    "startedAtMs" double precision[], "startedCount" integer[])
  ON CONFLICT (origin, key_hash, bucket, owner) DO UPDATE SET
    quota = excluded.quota, window_ms = excluded.window_ms, boot = excluded.boot,
    boot_at_ms = excluded.boot_at_ms, written_at = excluded.written_at,
    started_at_ms = excluded.started_at_ms, started_count = excluded.started_count;
END $$;
