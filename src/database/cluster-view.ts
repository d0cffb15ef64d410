/** Reads the cluster from the ledger, with one statement for all of it. */
import type { Pool, QueryResultRow } from 'pg';
import { type ClusterView, NO_FIGURES, type SharedProgress } from '../core/cluster-view.js';
import { assert } from '../core/fault.js';
import { runTotals } from './ledger-sql.js';
import { IS_REMEMBERED } from './members.js';
import { asked } from './transaction.js';

/** So many numbers of segments are listed of each member. */
export const HELD_LISTED = 20;

// One that nobody can join is shared all the same where somebody else is at it: a frozen process comes back.
const CLUSTER = `
  WITH going AS MATERIALIZED (
    SELECT run, source, stream, origin, (settings -> 'isShared')::boolean AS is_shared
    FROM ingestion_runs WHERE status = 'running'
  ), held AS (
    SELECT run, epoch, count(*)::integer AS segments,
      (array_agg(segment ORDER BY segment))[1:${HELD_LISTED}] AS numbers
    FROM ingestion_segments
    WHERE status = 'open' AND epoch > 0 AND run IN (SELECT run FROM going)
    GROUP BY run, epoch
  ), members AS (
    SELECT run, count(*) FILTER (WHERE lease_until > clock_timestamp()) AS living,
      json_agg(json_build_object(
        'epoch', epoch, 'name', name, 'version', version, 'phase', phase,
        'joinedAtMs', (extract(epoch FROM joined_at) * 1000)::float8,
        'leaseUntilMs', (extract(epoch FROM lease_until) * 1000)::float8,
        'isDead', lease_until < clock_timestamp(),
        'figures', $1::jsonb || figures,
        'segments', coalesce(segments, 0), 'held', coalesce(numbers, '{}')
      ) ORDER BY epoch) AS list
    FROM going JOIN ingestion_members USING (run) LEFT JOIN held USING (run, epoch)
    WHERE ${IS_REMEMBERED}
    GROUP BY run
  )
  SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "atMs", coalesce((
    SELECT json_agg(json_build_object(
      'run', run, 'source', source, 'stream', stream, 'origin', origin, 'members', coalesce(list, '[]')
    ) ORDER BY run)
    FROM going LEFT JOIN members USING (run) WHERE is_shared OR living > 1
  ), '[]') AS runs`;

/** @throws IngestionError with the fault of the database */
export async function loadClusterView(pool: Pool): Promise<ClusterView> {
  const values = [JSON.stringify(NO_FIGURES)];
  const [view] = (await asked(pool.query<ClusterView & QueryResultRow>(CLUSTER, values))).rows;
  assert(view !== undefined, 'a statement without FROM returns a row');
  return view;
}

const PROGRESS = `
  SELECT r.run, source_total::float8 AS total, totals.rows
  FROM ingestion_runs AS r, LATERAL (${runTotals('r.run')}) AS totals
  WHERE status = 'running' AND (settings -> 'isShared')::boolean
  ORDER BY r.run`;

/** Of all shared runs. Looks at each of their pages. @throws IngestionError with the fault of the database */
export async function loadSharedProgress(pool: Pool): Promise<readonly SharedProgress[]> {
  return (await asked(pool.query<SharedProgress & QueryResultRow>(PROGRESS))).rows;
}
