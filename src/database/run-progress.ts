/** How a run is getting on, by the ledger alone: also while another process is at work on it. */
import type { Pool, QueryResultRow } from 'pg';
import { asIngestionError } from './connect.js';

/** A segment and what its committed pages have reached. Positions are of the form ms/id. */
export interface SegmentProgress {
  readonly segment: number;
  readonly status: 'open' | 'ended' | 'superseded';
  readonly after: string | null;
  readonly bound: string | null;
  /** Where its furthest page ends; null: none is committed, or it went to the end of the source. */
  readonly reached: string | null;
  readonly pages: number;
  /** That they wrote, or that were there before the run. */
  readonly rows: number;
}

/** What was committed since an instant. */
export interface CommittedSince {
  /** Written, or found in the table. */
  readonly rows: number;
  readonly pages: number;
  /** Of the first and the last of these commits, epoch ms; null: there is none. */
  readonly firstMs: number | null;
  readonly lastMs: number | null;
}

export interface KnownLimit {
  readonly quota: number;
  readonly windowMs: number;
}

// A ledger begins with pages whose segment may not be told yet, so that both tables count.
const SEGMENTS = `
  SELECT segment, coalesce(s.status, 'open') AS status,
    s.after_position AS "after", s.bound_position AS "bound", p.reached,
    coalesce(p.pages, 0)::float8 AS pages, coalesce(p.rows, 0)::float8 AS rows
  FROM (SELECT * FROM ingestion_segments WHERE run = $1) AS s FULL JOIN (
    SELECT segment, count(*) AS pages, sum(inserted + known) AS rows,
      (array_agg(through_position ORDER BY page DESC))[1] AS reached
    FROM ingestion_pages WHERE run = $1 GROUP BY segment
  ) AS p USING (segment) ORDER BY segment`;

const COMMITTED_SINCE = `
  SELECT coalesce(sum(inserted + duplicate), 0)::float8 AS rows, count(*)::float8 AS pages,
    (extract(epoch FROM min(committed_at)) * 1000)::float8 AS "firstMs",
    (extract(epoch FROM max(committed_at)) * 1000)::float8 AS "lastMs"
  FROM ingestion_pages WHERE run = $1 AND committed_at >= to_timestamp($2::float8 / 1000)`;

// Of requests for pages: DataSync's bucket, and that of source files. Each key has its own logs; those of the newest request are in use, the tightest limit binds.
const LIMIT = `
  SELECT quota::float8, window_ms::float8 AS "windowMs" FROM ingestion_limits
  WHERE origin = $1 AND split_part(bucket, '/', 1) = ANY ('{events,requests}')
    AND quota IS NOT NULL AND window_ms IS NOT NULL
  ORDER BY max(started_at_ms[cardinality(started_at_ms)]) OVER (PARTITION BY key_hash)
    DESC NULLS LAST, quota::float8 / window_ms LIMIT 1`;

export interface RunProgress {
  segments(run: number): Promise<SegmentProgress[]>;
  /** @param sinceMs epoch ms */
  committedSince(run: number, sinceMs: number): Promise<CommittedSince>;
  /** Null: none was learned. */
  limit(origin: string): Promise<KnownLimit | null>;
}

/** Every function throws an IngestionError with the fault of the database when it fails. */
export function openRunProgress(pool: Pool): RunProgress {
  const ask = async <Row extends QueryResultRow>(
    text: string,
    values: readonly unknown[],
  ): Promise<Row[]> => {
    try {
      return (await pool.query<Row>(text, [...values])).rows;
    } catch (error) {
      throw asIngestionError(error);
    }
  };
  return {
    segments: (run) => ask<SegmentProgress>(SEGMENTS, [run]),
    async committedSince(run, sinceMs) {
      const [since] = await ask<CommittedSince>(COMMITTED_SINCE, [run, sinceMs]);
      return since ?? { rows: 0, pages: 0, firstMs: null, lastMs: null };
    },
    async limit(origin) {
      return (await ask<KnownLimit>(LIMIT, [origin]))[0] ?? null;
    },
  };
}
