-- A page belongs where its cursors lead; a place in the source's order is what may be known beside them.
-- A record may come again with other content: the row that was there first stays, and the page counts it.

ALTER TABLE ingestion_pages
  -- Whether the source's order held when the page was written: then it covers (after_position,
  -- through_position]. Else both are null, and its cursors alone say where it belongs.
  ADD COLUMN is_ordered boolean NOT NULL DEFAULT true,
  -- Records of the page that were left to the segment behind its own.
  ADD COLUMN clipped integer NOT NULL DEFAULT 0,
  -- Of `duplicate`: records with another instant or other data than the row in the table.
  ADD COLUMN differing integer NOT NULL DEFAULT 0,
  ADD CHECK (differing <= duplicate),
  ADD CHECK (is_ordered OR after_position IS NULL AND through_position IS NULL);
