/** A run of this process as the members of it have it together: rows and time left are those of all. Pure. */
import { type ClusterView, livingMembers, type SharedProgress } from '../core/cluster-view.js';
import { type Eta, shareOf } from './eta.js';
import type { LiveRun } from './snapshot.js';

/** @param live of this process alone @returns the same where the run is not shared, or nothing is known of it yet */
export function asShared(
  live: LiveRun,
  cluster: ClusterView | null,
  progress: readonly SharedProgress[],
): LiveRun {
  const shared = cluster?.runs.find(({ run }) => run === live.run);
  const known = progress.find(({ run }) => run === live.run);
  // Once it is over for this process, its own figures are all there is.
  if (shared === undefined || known === undefined || live.recentRowsPerSecond === null) return live;
  const members = livingMembers(shared);
  // What this process has committed it knows first.
  const ingested = Math.max(known.rows, live.rows.ingested);
  const total = known.total ?? live.rows.total;
  // Of children, of which no total is said, it is another one.
  const share = total === null ? live.rows.share : shareOf(ingested, total);
  const rowsPerSecond = members.reduce((sum, { figures }) => sum + figures.rowsPerSecond, 0);
  const eta = total === null ? null : etaOfAll(live, { left: total - ingested, rowsPerSecond });
  return {
    ...live,
    members: members.length,
    rows: { ...live.rows, ingested, total, share },
    eta,
  };
}

/** The limit is one for all, the speed is that of all. */
function etaOfAll(
  { eta, rows, recentRowsPerSecond }: LiveRun,
  all: { readonly left: number; readonly rowsPerSecond: number },
): Eta | null {
  if (eta === null || rows.total === null) return null;
  const own = { left: rows.total - rows.ingested, rowsPerSecond: recentRowsPerSecond ?? 0 };
  if (own.left <= 0) return null;
  const rest = Math.max(0, all.left) / own.left;
  const faster = Math.max(1, all.rowsPerSecond / Math.max(1, own.rowsPerSecond));
  const remainingMs = eta.remainingMs * (eta.boundBy === 'limit' ? rest : rest / faster);
  return { ...eta, remainingMs };
}
