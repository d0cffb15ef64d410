-- From where the next run of a stream reads on.

CREATE TABLE ingestion_watermarks (
  source text NOT NULL,
  stream text NOT NULL,
  origin text NOT NULL,
  -- Whose highest value it is: of another field it says nothing.
  cursor_path text NOT NULL,
  -- JSON text of a text or a number.
  value text NOT NULL,
  -- The complete run that has read so far.
  run integer NOT NULL,
  written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (source, stream, origin)
);

ALTER TABLE ingestion_pages
  -- JSON text of the highest value of that field among the records that were stored; null: none has one.
  ADD COLUMN highest text NULL;
