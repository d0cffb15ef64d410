-- The page is the unit of proof: every row carries the id of the page that wrote it, and every page
-- the number (`inserted`) and the digest of the rows that it wrote.

-- Nullable and without a default: no row is rewritten. Null: written before rows had owners.
ALTER TABLE ingested_events ADD COLUMN page integer NULL;

-- One nextval hands out a block of as many ids as the increment, beginning with its value. What a
-- process leaves of its block is never used.
CREATE SEQUENCE ingestion_page_ids AS integer INCREMENT BY 1000 MINVALUE 1 MAXVALUE 2147482001;

ALTER TABLE ingestion_pages
  -- Null: the page was written before rows had owners.
  ADD COLUMN id integer NULL UNIQUE,
  -- Of `duplicate`: rows that the table had, and that no page of this run wrote.
  ADD COLUMN known integer NOT NULL DEFAULT 0,
  -- Of the rows that the page wrote: bit_xor over their row digest (src/postgres/row-digest.ts).
  ADD COLUMN digest bigint NULL,
  -- The same over their data too; null: nobody asked for it.
  ADD COLUMN data_digest bigint NULL,
  ADD CHECK (known <= duplicate),
  ADD CHECK ((id IS NULL) = (digest IS NULL));

-- What a run found of the rows of runs before it. Within the first run, rows that came twice.
UPDATE ingestion_pages SET known = least(greatest(covered - inserted, 0), duplicate)
WHERE run > (SELECT min(run) FROM ingestion_pages) AND covered > inserted;

ALTER TABLE ingestion_pages
  DROP COLUMN covered,
  DROP COLUMN ids_digest,
  DROP COLUMN occurred_at_sum,
  DROP COLUMN untimed,
  DROP COLUMN untimed_digest,
  DROP COLUMN stray_ids,
  DROP COLUMN stray_ms;

-- How many rows had no owner when rows got owners: one row. More of them were added by hand.
CREATE TABLE ingestion_unowned_rows (
  count bigint NOT NULL,
  counted_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO ingestion_unowned_rows (count) SELECT count(*) FROM ingested_events WHERE page IS NULL;
