/** What the writer's tests ask of the database, and how they wait for it. */
import type pg from 'pg';
import { expect, vi } from 'vitest';
import type {
  StreamWriter,
  WriteResult,
  WriterSettings,
} from '../../src/protocol/writer-messages.js';
import { createWriter } from '../../workers/writer/writer.js';
import { writerSettings } from './writer-pages.js';

export type Committed = Extract<WriteResult, { type: 'committed' }>;

/** @throws with the fault's message when the write failed */
export function committed(result: WriteResult): Committed {
  if (result.type === 'failed') throw new Error(`not committed: ${result.fault.message}`);
  return result;
}

/** Runs `use` with an open writer, and drains it whatever happens. */
export async function withWriter<T>(
  connectionString: string,
  settings: Partial<WriterSettings>,
  use: (writer: StreamWriter) => Promise<T>,
): Promise<T> {
  const writer = createWriter();
  expect(await writer.open(writerSettings(connectionString, settings), () => {})).toBeNull();
  try {
    return await use(writer);
  } finally {
    await writer.drain();
  }
}

/** Empties the tables of rows and pages, and makes run 1. */
export async function resetTables(pool: pg.Pool): Promise<void> {
  await pool.query('TRUNCATE ingested_events, ingestion_pages, ingestion_quarantine');
  await pool.query(`INSERT INTO ingestion_runs (run, source, origin, status)
    OVERRIDING SYSTEM VALUE VALUES (1, 'test', 'http://127.0.0.1', 'running')
    ON CONFLICT DO NOTHING`);
}

export async function countOf(pool: pg.Pool, table: string): Promise<number> {
  const { rows } = await pool.query<{ count: string }>(`SELECT count(*) FROM ${table}`);
  return Number(rows[0]?.count);
}

/** Everything that a write leaves behind, but the instant of the commit and the page's id. */
export async function contentOf(pool: pg.Pool): Promise<unknown> {
  const events = await pool.query(
    'SELECT id, extract(epoch FROM occurred_at) AS at, data::text FROM ingested_events ORDER BY id',
  );
  const pages = await pool.query(`SELECT to_jsonb(p) - '{committed_at,id}'::text[] AS page
    FROM ingestion_pages p ORDER BY run, segment, page`);
  const quarantine = await pool.query(
    'SELECT * FROM ingestion_quarantine ORDER BY run, segment, page, index',
  );
  return { events: events.rows, pages: pages.rows, quarantine: quarantine.rows };
}

/**
 * Waits until a connection of a writer waits for a lock.
 *
 * @param other a server process that is not meant
 * @param name of the connection
 * @returns its server process
 */
export async function waitingBackend(
  pool: pg.Pool,
  other = 0,
  name = 'datasync-writer',
): Promise<number> {
  return vi.waitFor(
    async () => {
      const { rows } = await pool.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity
         WHERE application_name = $2 AND wait_event_type = 'Lock'
           AND datname = current_database() AND pid <> $1`,
        [other, name],
      );
      expect(rows).toHaveLength(1);
      return (rows[0] as { pid: number }).pid;
    },
    { timeout: 20_000, interval: 20 },
  );
}
