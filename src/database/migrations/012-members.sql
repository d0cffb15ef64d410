-- Several members may work on one run. Each segment is held by one of them at a time, and only its holder
-- writes pages of it.

ALTER TABLE ingestion_runs
  -- Of the member that joined last.
  ADD COLUMN last_epoch integer NOT NULL DEFAULT 0,
  -- How often it was planned which segments are to be walked. Who joined before works by an old plan.
  ADD COLUMN plan integer NOT NULL DEFAULT 0,
  -- The first segment number that no member was given; null: none was given any.
  ADD COLUMN next_segment integer NULL,
  -- A page has contradicted the order that the source declares, though the ledger does not have that page.
  ADD COLUMN has_left_order boolean NOT NULL DEFAULT false;

-- A process and its part of one run.
CREATE TABLE ingestion_members (
  run integer NOT NULL,
  -- No other member of the run ever has it.
  epoch integer NOT NULL,
  -- Host and process number.
  name text NOT NULL,
  version text NOT NULL,
  -- Of the source file, without its secrets.
  source_digest text NOT NULL,
  joined_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- When it was last heard of.
  renewed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Its lease: until then nobody takes what the member holds.
  lease_until timestamptz NOT NULL,
  -- Another member has taken what it held: it may only come back with another epoch.
  is_lost boolean NOT NULL DEFAULT false,
  -- Since when no renewal was late.
  steady_since timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- `idle`: it has nothing to walk. `atEnd`: it waits for all others before it believes an end.
  phase text NOT NULL DEFAULT 'idle' CHECK (phase IN ('walking', 'idle', 'atEnd')),
  -- What is left of the largest segment that it could share: ms of the order, or children; 0: nothing.
  shareable double precision NOT NULL DEFAULT 0,
  -- For the reader: src/database/members.ts.
  figures jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (run, epoch)
);

ALTER TABLE ingestion_segments
  -- Of the member that holds it; 0: nobody does.
  ADD COLUMN epoch integer NOT NULL DEFAULT 0;

-- What is left of a run, by its holder: asked for several times a second, beside any number that have ended.
CREATE INDEX ingestion_segments_open ON ingestion_segments (run, epoch, segment) WHERE status = 'open';

-- What a member has left behind when it began a walk anew elsewhere. Its last pages may still be under way.
CREATE INDEX ingestion_segments_left_behind ON ingestion_segments (run, epoch)
  WHERE status = 'superseded' AND epoch <> 0;

-- Called in the transaction of each page. Who takes the segment over waits for that transaction; a page that
-- comes later is refused.
CREATE FUNCTION ingestion_hold_segment(of_run integer, of_segment integer, by_epoch integer) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM FROM ingestion_segments
  WHERE run = of_run AND segment = of_segment AND epoch = by_epoch FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'member % of run % does not hold segment %', by_epoch, of_run, of_segment
      USING ERRCODE = 'DSL01';
  END IF;
END $$;

-- Tells databases apart whose members share one queue.
CREATE TABLE ingestion_database (id uuid NOT NULL);
INSERT INTO ingestion_database VALUES (gen_random_uuid());
