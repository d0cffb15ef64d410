-- Records in quarantine may be tried again, and become rows of the page that they came with.

ALTER TABLE ingestion_pages
  -- Of its records, those that were stored so: their rows are of later transactions than its others.
  ADD COLUMN retried integer NOT NULL DEFAULT 0;

-- Rows that a run which reads all did not see may be deleted: pages lose them to no other page.
ALTER TABLE ingestion_superseded
  -- Null: the rows were deleted.
  ALTER COLUMN taken_by DROP NOT NULL;

ALTER TABLE ingestion_runs
  -- Rows of earlier runs that were deleted because this one, complete, had not seen them; null: none was
  -- looked for, or not yet.
  ADD COLUMN deleted bigint NULL,
  -- Why records may have been missed though the run is complete, as a sentence; null: nothing shows that.
  ADD COLUMN missed text NULL;
