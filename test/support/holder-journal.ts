/**
 * What the ledger itself notes of a run while it goes on: who held which segment when, and who wrote which page. It
 * can hold up the pages of one member.
 */
import pg, { type Pool } from 'pg';
import { expect, vi } from 'vitest';

const HOLD = 7_310_294_999;

/** Triggers of the test's own. What they note stays until the next `keepJournal`. */
const KEEP = `
  DROP TABLE IF EXISTS journal_holders, journal_pages, journal_held;
  CREATE TABLE journal_holders (at timestamptz, run integer, segment integer, before integer, after integer);
  CREATE TABLE journal_pages (at timestamptz, run integer, segment integer, page integer, writer text);
  CREATE TABLE journal_held (writer text);
  CREATE OR REPLACE FUNCTION journal_holder() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO journal_holders VALUES (clock_timestamp(), OLD.run, OLD.segment, OLD.epoch, NEW.epoch);
    RETURN NEW;
  END $$;
  CREATE OR REPLACE FUNCTION journal_page() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO journal_pages VALUES
      (clock_timestamp(), NEW.run, NEW.segment, NEW.page, current_setting('application_name'));
    IF EXISTS (SELECT FROM journal_held WHERE current_setting('application_name') LIKE writer) THEN
      PERFORM pg_advisory_xact_lock(${HOLD});
    END IF;
    RETURN NEW;
  END $$;
  CREATE OR REPLACE TRIGGER journal_holder AFTER UPDATE ON ingestion_segments
    FOR EACH ROW WHEN (OLD.epoch <> NEW.epoch) EXECUTE FUNCTION journal_holder();
  CREATE OR REPLACE TRIGGER journal_page AFTER INSERT ON ingestion_pages
    FOR EACH ROW EXECUTE FUNCTION journal_page()`;

/** From now on. The tables of the ledger must be there. */
export async function keepJournal(pool: Pool): Promise<void> {
  await pool.query(KEEP);
}

/** The epochs that a process has had in the run, the latest last. */
export async function epochsOf(pool: Pool, pid: number): Promise<number[]> {
  const { rows } = await pool.query<{ epoch: number }>(
    'SELECT epoch FROM ingestion_members WHERE name LIKE $1 ORDER BY epoch',
    [`% process ${pid}`],
  );
  return rows.map(({ epoch }) => epoch);
}

/** Open segments that a member holds. */
export async function heldBy(pool: Pool, epoch: number): Promise<number[]> {
  const { rows } = await pool.query<{ segment: number }>(
    `SELECT segment FROM ingestion_segments WHERE epoch = $1 AND status = 'open' ORDER BY segment`,
    [epoch],
  );
  return rows.map(({ segment }) => segment);
}

/** When the last of these segments, which a member held, had another holder: epoch ms. Null: one has none yet. */
export async function takenOverAtMs(
  pool: Pool,
  epoch: number,
  segments: readonly number[],
): Promise<number | null> {
  const { rows } = await pool.query<{ taken: number; atMs: number | null }>(
    `SELECT count(*)::integer AS taken, (extract(epoch FROM max(first)) * 1000)::float8 AS "atMs"
     FROM (
       SELECT min(at) AS first FROM journal_holders
       WHERE before = $1 AND after <> $1 AND segment = ANY($2::integer[]) GROUP BY segment
     ) AS each`,
    [epoch, segments],
  );
  const [row] = rows;
  return row?.taken === segments.length ? row.atMs : null;
}

/** Pages that a member has written since an instant in epoch ms. */
export async function pagesWritten(pool: Pool, epoch: number, sinceMs = 0): Promise<number> {
  const { rows } = await pool.query<{ pages: number }>(
    `SELECT count(*)::integer AS pages FROM journal_pages
     WHERE writer LIKE '%member ' || $1 AND at > to_timestamp($2 / 1000.0)`,
    [epoch, sinceMs],
  );
  return rows[0]?.pages ?? 0;
}

/**
 * Runs `use` while a page of the member is held up in the middle of its transaction, with its rows and its ledger row
 * written. Pages of others commit.
 */
export async function holdingPageOf<T>(
  { connectionString }: { readonly connectionString: string },
  epoch: number,
  use: () => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString, application_name: 'datasync-test' });
  await client.connect();
  const member = `%member ${epoch}`;
  try {
    await client.query('SELECT pg_advisory_lock($1)', [HOLD]);
    await client.query('INSERT INTO journal_held VALUES ($1)', [member]);
    const isHeldUp = async () => {
      const { rowCount } = await client.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'
           AND application_name LIKE $1`,
        [member],
      );
      expect(rowCount, 'sessions that wait').toBeGreaterThan(0);
    };
    await vi.waitFor(isHeldUp, { timeout: 60_000, interval: 20 });
    return await use();
  } finally {
    await client.end();
  }
}
