-- Rows, the page ledger that proves them, and what a resume needs.

-- A table of that name may be there with rows from elsewhere; the migration checks its form first.
CREATE TABLE IF NOT EXISTS ingested_events (
  id uuid PRIMARY KEY,
  occurred_at timestamptz NULL,
  data jsonb NOT NULL
);

CREATE TABLE ingestion_runs (
  run integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source text NOT NULL,
  -- Scheme, host and port of the API; for the simulator its seed and event count, never its port.
  origin text NOT NULL,
  status text NOT NULL CHECK (status IN ('running', 'paused', 'complete', 'failed')),
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz NULL,
  -- Set with status 'paused': when it is worth another try.
  resume_at timestamptz NULL,
  last_error text NULL,
  -- What the source says it holds in all; null until an answer says so.
  source_total bigint NULL,
  -- When the first request of the run left.
  first_request_at timestamptz NULL,
  -- The last submission of the ids that the API has counted; null: none.
  submission jsonb NULL,
  settings jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX ingestion_runs_by_origin ON ingestion_runs (source, origin, run DESC);

-- The log of request starts of one key on one bucket; outlives runs.
CREATE TABLE ingestion_limits (
  origin text NOT NULL,
  key_hash text NOT NULL,
  bucket text NOT NULL,
  quota integer NULL,
  window_ms integer NULL,
  -- Epoch ms of each start within the last window, and how many started then.
  started_at_ms double precision[] NOT NULL DEFAULT '{}',
  started_count integer[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (origin, key_hash, bucket)
);

CREATE TABLE ingestion_segments (
  run integer NOT NULL REFERENCES ingestion_runs,
  segment integer NOT NULL,
  -- The segment covers what is strictly after `after_position` (null: the beginning) up to and
  -- including `bound_position` (null: the end). Form: epoch ms/id.
  after_position text NULL,
  bound_position text NULL,
  status text NOT NULL CHECK (status IN ('open', 'ended', 'superseded')),
  PRIMARY KEY (run, segment)
);

-- One row a committed page, written in the transaction that writes its rows.
CREATE TABLE ingestion_pages (
  run integer NOT NULL REFERENCES ingestion_runs,
  segment integer NOT NULL,
  page integer NOT NULL,
  cursor text NULL,
  next_cursor text NULL,
  next_cursor_expires_at timestamptz NULL,
  has_more boolean NOT NULL,
  -- The page covers (after_position, through_position]; null: beginning / end of the source.
  after_position text NULL,
  through_position text NULL,
  first_position text NULL,
  last_position text NULL,
  fetched_at timestamptz NOT NULL,
  committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  returned integer NOT NULL,
  inserted integer NOT NULL,
  duplicate integer NOT NULL,
  quarantined integer NOT NULL,
  -- The distinct stored rows within (after, through]: how many, an order-free digest of their ids
  -- and instants, the sum of their instants in ms. Gone with 002.
  covered integer NOT NULL,
  ids_digest bigint NOT NULL,
  occurred_at_sum numeric NOT NULL,
  -- Of these, the rows without a timestamp: how many, and their part of the digest.
  untimed integer NOT NULL DEFAULT 0,
  untimed_digest bigint NOT NULL DEFAULT 0,
  -- What the page wrote or found and its interval cannot prove, by id and epoch ms: every row without
  -- a timestamp (null), rows that the API served outside of (after, through], and all rows of a page
  -- without order.
  stray_ids uuid[] NOT NULL DEFAULT '{}',
  stray_ms double precision[] NOT NULL DEFAULT '{}',
  bytes integer NOT NULL,
  request_id text NULL,
  PRIMARY KEY (run, segment, page),
  CHECK (returned = inserted + duplicate + quarantined)
);

CREATE TABLE ingestion_quarantine (
  run integer NOT NULL,
  segment integer NOT NULL,
  page integer NOT NULL,
  index integer NOT NULL,
  reason text NOT NULL,
  -- The record as it came. Where text cannot hold it (no UTF-8, a zero byte): 'base64:' and its bytes
  -- in base64, and the reason ends in "; raw_text has its bytes in base64".
  raw_text text NOT NULL,
  PRIMARY KEY (run, segment, page, index)
);
