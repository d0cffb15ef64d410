-- A newer row may take the place of the one with its key; the rows of a run may replace all others.

ALTER TABLE ingestion_pages
  -- Rows of earlier pages that it took over, with newer content: they carry its id from then on.
  ADD COLUMN updated integer NOT NULL DEFAULT 0,
  -- Counts those of others that it took over, too.
  DROP CONSTRAINT ingestion_pages_check1,
  ADD CONSTRAINT ingestion_pages_check1 CHECK (known <= duplicate + updated),
  DROP CONSTRAINT ingestion_pages_check,
  ADD CONSTRAINT ingestion_pages_check CHECK (returned = inserted + updated + duplicate + quarantined);

-- What pages have lost to later ones. A page's rows are those that it wrote, less these.
CREATE TABLE ingestion_superseded (
  -- That lost the rows; null: they had no owner.
  page integer NULL,
  -- That took them; the page may be gone since, to be fetched again.
  run integer NOT NULL,
  taken_by integer NOT NULL,
  rows integer NOT NULL,
  -- As in `ingestion_pages`, of these rows as they were.
  digest bigint NOT NULL,
  data_digest bigint NULL
);
CREATE INDEX ingestion_superseded_by_page ON ingestion_superseded (page);

-- Of any table that was there with rows before its first run, not of DataSync's alone.
ALTER TABLE ingestion_unowned_rows ADD COLUMN table_name text NOT NULL DEFAULT 'ingested_events';

-- The run whose rows are in the table in place of this one's; null: none has replaced them.
ALTER TABLE ingestion_runs ADD COLUMN replaced_by integer NULL;
