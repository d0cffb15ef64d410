/** Runs as the ledger knows them, for those who look back: lists, sums, pace, what was set aside. */
import type { Pool, QueryResultRow } from 'pg';
import type { FieldChange } from '../source/shape/known-fields.js';
import { asIngestionError } from './connect.js';
import { runTotals } from './ledger-sql.js';
import type { RunStatus } from './ledger-types.js';
import { FIELD_CHANGES } from './stream-fields.js';

/** A run and the sums of its committed pages. Instants are epoch ms. */
export interface RunSummary {
  readonly run: number;
  readonly source: string;
  readonly origin: string;
  readonly status: RunStatus;
  readonly startedAtMs: number;
  readonly finishedAtMs: number | null;
  readonly resumeAtMs: number | null;
  readonly lastError: string | null;
  readonly pages: number;
  readonly returned: number;
  readonly inserted: number;
  readonly updated: number;
  readonly duplicate: number;
  readonly quarantined: number;
  /** See RunTotals. */
  readonly rows: number;
  readonly bytes: number;
  /** Of the first and the last page; null: none is committed. */
  readonly firstCommitMs: number | null;
  readonly lastCommitMs: number | null;
}

export interface RunReport extends RunSummary {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly segments: number;
  /** Records committed in each sixtieth of the span from the first to the last commit. */
  readonly pace: readonly number[];
  /** Why records were set aside, most frequent first; at most 20 reasons. */
  readonly quarantine: readonly {
    readonly reason: string;
    readonly records: number;
    readonly segment: number;
    readonly page: number;
  }[];
  /** How its records differ from those of earlier runs; at most 100. */
  readonly fieldChanges: readonly NotedChange[];
}

/** As plain lists, which a report has. */
export type NotedChange = Pick<FieldChange, 'path' | 'change' | 'records' | 'of'> & {
  readonly before: string[];
  readonly now: string[];
};

/** The ends of what a run has fetched, epoch ms. */
export interface RunExtent {
  readonly newestMs: number | null;
  readonly oldestMs: number | null;
}

export interface ReturnedBefore {
  readonly records: number;
  readonly earlier: readonly number[];
}

export interface RunHistory {
  /** Newest first. */
  listRuns(countMax: number): Promise<RunSummary[]>;
  /** Null: there is no such run. */
  report(run: number): Promise<RunReport | null>;
  extent(run: number): Promise<RunExtent>;
  /**
   * Records returned to the run, and to the complete runs of the same stream before it, newest first. Only
   * whole passes are compared; null: the run is none.
   */
  returnedBefore(run: number, countMax: number): Promise<ReturnedBefore | null>;
  /** What was set aside, by reason, the most frequent first. */
  quarantine(run: number): Promise<RunReport['quarantine']>;
  fieldChanges(run: number): Promise<RunReport['fieldChanges']>;
}

const PACE_STEPS = 60;
const REASONS_MAX = 20;
const CHANGES_MAX = 100;

const SUMS = `
  SELECT coalesce(sum(bytes), 0)::float8 AS bytes,
    (extract(epoch FROM min(committed_at)) * 1000)::float8 AS "firstCommitMs",
    (extract(epoch FROM max(committed_at)) * 1000)::float8 AS "lastCommitMs"
  FROM ingestion_pages AS p WHERE p.run = r.run`;

const RUN_COLUMNS = `r.run, r.source, r.origin, r.status, r.last_error AS "lastError",
  (extract(epoch FROM r.started_at) * 1000)::float8 AS "startedAtMs",
  (extract(epoch FROM r.finished_at) * 1000)::float8 AS "finishedAtMs",
  (extract(epoch FROM r.resume_at) * 1000)::float8 AS "resumeAtMs", totals.*, sums.*`;

const BOTH_SUMS = `LATERAL (${runTotals('r.run')}) AS totals, LATERAL (${SUMS}) AS sums`;

const LIST_RUNS = `
  SELECT ${RUN_COLUMNS}
  FROM (SELECT * FROM ingestion_runs ORDER BY run DESC LIMIT $1) AS r, ${BOTH_SUMS}
  ORDER BY r.run DESC`;

const FIND_RUN = `
  SELECT ${RUN_COLUMNS}, r.settings - 'warnings' AS settings,
    (SELECT count(*)::float8 FROM ingestion_segments AS s WHERE s.run = r.run) AS segments
  FROM ingestion_runs AS r, ${BOTH_SUMS} WHERE r.run = $1`;

// The last commit falls on the upper edge, which width_bucket counts as one step too far.
const PACE = `
  SELECT least($2::integer, width_bucket(extract(epoch FROM committed_at)::float8,
      extract(epoch FROM first)::float8, extract(epoch FROM last)::float8 + 0.001, $2)) - 1 AS step,
    sum(returned)::float8 AS returned
  FROM ingestion_pages,
    (SELECT min(committed_at) AS first, max(committed_at) AS last
     FROM ingestion_pages WHERE run = $1) AS span
  WHERE run = $1 GROUP BY 1`;

const QUARANTINE = `
  SELECT reason, count(*)::float8 AS records,
    (array_agg(segment ORDER BY segment, page))[1] AS segment,
    (array_agg(page ORDER BY segment, page))[1] AS page
  FROM ingestion_quarantine WHERE run = $1
  GROUP BY reason ORDER BY records DESC, reason LIMIT $2`;

// A position is `ms/id`; rows without one do not count.
const EXTENT = `
  SELECT max(split_part(position, '/', 1)::float8) AS "newestMs",
    min(split_part(position, '/', 1)::float8) AS "oldestMs"
  FROM ingestion_pages,
    unnest(ARRAY[first_position, last_position, after_position, through_position]) AS position
  WHERE run = $1 AND position IS NOT NULL`;

// A run whose settings name no pass is a whole one.
const RETURNED_BEFORE = `
  SELECT r.run, (SELECT coalesce(sum(returned), 0)::float8 FROM ingestion_pages AS p WHERE p.run = r.run) AS returned
  FROM (
    SELECT one.run FROM ingestion_runs AS one JOIN ingestion_runs AS this USING (source, stream, origin)
    WHERE this.run = $1 AND (one.run = $1 OR (one.run < $1 AND one.status = 'complete'))
      AND coalesce(one.settings -> 'pass' ->> 'type', 'full') = 'full'
    ORDER BY one.run DESC LIMIT $2
  ) AS r ORDER BY r.run DESC`;

/** Every function throws an IngestionError with the fault of the database when it fails. */
export function openRunHistory(pool: Pool): RunHistory {
  const rowsOf = async <Row extends QueryResultRow>(
    text: string,
    values: readonly unknown[],
  ): Promise<Row[]> => {
    try {
      return (await pool.query<Row>(text, [...values])).rows;
    } catch (error) {
      throw asIngestionError(error);
    }
  };

  const quarantine = (run: number): Promise<RunReport['quarantine'][number][]> =>
    rowsOf(QUARANTINE, [run, REASONS_MAX]);

  const fieldChanges = (run: number): Promise<NotedChange[]> =>
    rowsOf(FIELD_CHANGES, [run, CHANGES_MAX]);

  return {
    quarantine,

    fieldChanges,

    listRuns: (countMax) => rowsOf<RunSummary>(LIST_RUNS, [countMax]),

    async report(run) {
      const [found] = await rowsOf<RunSummary & Pick<RunReport, 'settings' | 'segments'>>(
        FIND_RUN,
        [run],
      );
      if (found === undefined) return null;
      const [steps, setAside, changes] = await Promise.all([
        rowsOf<{ step: number; returned: number }>(PACE, [run, PACE_STEPS]),
        quarantine(run),
        fieldChanges(run),
      ]);
      const pace = Array.from({ length: PACE_STEPS }, () => 0);
      for (const { step, returned } of steps) pace[step] = returned;
      return { ...found, pace, quarantine: setAside, fieldChanges: changes };
    },

    async returnedBefore(run, countMax) {
      const rows = await rowsOf<{ run: number; returned: number }>(RETURNED_BEFORE, [
        run,
        countMax + 1,
      ]);
      const [own, ...earlier] = rows;
      if (own === undefined || own.run !== run) return null;
      return { records: own.returned, earlier: earlier.map(({ returned }) => returned) };
    },

    async extent(run) {
      const [extent] = await rowsOf<RunExtent>(EXTENT, [run]);
      return extent ?? { newestMs: null, oldestMs: null };
    },
  };
}
