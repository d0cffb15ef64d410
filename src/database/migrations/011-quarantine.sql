-- Records in quarantine may be tried again, and become rows of the page that they came with.

ALTER TABLE ingestion_pages
  -- Of its records, those that were stored so: their rows are of later transactions than its others.
  ADD COLUMN retried integer NOT NULL DEFAULT 0;
