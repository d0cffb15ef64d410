-- What the records of a stream look like, and what of it changed from run to run.

-- All fields that the records of a stream ever had. See src/source/shape/known-fields.ts.
CREATE TABLE ingestion_fields (
  source text NOT NULL,
  stream text NOT NULL,
  origin text NOT NULL,
  -- 'user.name', 'lines[].price'; the record itself is ''.
  path text NOT NULL,
  parent text NULL,
  kinds text[] NOT NULL,
  first_run integer NOT NULL,
  last_run integer NOT NULL,
  -- How many had it, of those that could, when it was last counted over enough of them; and since.
  counted_present bigint NOT NULL,
  counted_of bigint NOT NULL,
  recent_present bigint NOT NULL,
  recent_of bigint NOT NULL,
  PRIMARY KEY (source, stream, origin, path)
);

-- How the records of a run differ from those of earlier ones.
CREATE TABLE ingestion_field_changes (
  run integer NOT NULL,
  path text NOT NULL,
  change text NOT NULL CHECK (change IN ('new', 'vanished', 'type changed')),
  kinds_before text[] NOT NULL,
  kinds_now text[] NOT NULL,
  -- How many are so, of those that were looked at.
  records bigint NOT NULL,
  looked_at bigint NOT NULL,
  noticed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (run, path, change)
);
