-- A segment may be the child of a parent's row: the pages that are asked for with that row's values.

ALTER TABLE ingestion_segments
  -- The values that its requests and its records have of the parent; null: it is part of a stream that
  -- stands by itself.
  ADD COLUMN parent jsonb NULL;

-- Those that are still to be walked are read in blocks, by number.
CREATE INDEX ingestion_segments_open_children ON ingestion_segments (run, segment)
  WHERE parent IS NOT NULL AND status = 'open';
