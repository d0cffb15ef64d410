/** What other members are told of a share, and what follows when it is over and its run is not. */

import { entersAgain } from '../../core/entering.js';
import type { Scheduler } from '../../core/scheduler.js';
import type { RunOutcome } from '../../core/scheduler-types.js';
import type { RunFigures } from '../../observe/run-figures.js';
import type { RunStats } from '../../observe/run-stats.js';
import { nowMs } from '../../runtime/clock.js';
import type { Engine } from '../engine.js';
import type { SessionParts } from '../session-parts.js';
import type { EnterRunAgain } from './enter-run.js';
import type { ShareView } from './share-parts.js';

export interface Working {
  readonly scheduler: Scheduler;
  readonly stats: RunStats;
  readonly figures: RunFigures;
  readonly engine: Pick<Engine, 'help' | 'takeLeftBehind'>;
}

export function viewOf({ scheduler, stats, figures, engine }: Working): ShareView {
  return {
    state() {
      const { phase, shareable, heldRecords } = scheduler;
      const { recentRowsPerSecond: rowsPerSecond } = figures.at(nowMs());
      const { requests, eventsIngestedHere: rows } = stats;
      const { inFlight } = scheduler.outstandingByPhase();
      return {
        phase,
        shareable,
        figures: { requests, rows, rowsPerSecond, inFlight, heldRecords },
      };
    },
    help: () => engine.help(),
    takeLeftBehind: () => engine.takeLeftBehind(),
    recounted: (rows) => stats.recount(rows),
  };
}

/** See `entersAgain`. */
export function entersRunAgain(
  { context, prepared, share, shareObserver }: SessionParts,
  outcome: RunOutcome,
): EnterRunAgain | null {
  const again = entersAgain(outcome);
  if (again === null || outcome.status !== 'failed') return null;
  const { fault } = outcome;
  if (fault.code === 'LEASE_LOST') shareObserver?.leaseLost();
  context.log.warn({ event: 'share_lost', fault }, `the run is entered again: ${fault.message}`);
  return { run: prepared.run.run, plan: share.plan, ...again };
}

/** From a database that is away, others learn it when the lease is over. */
export async function leaveShare({ share }: Pick<SessionParts, 'share'>): Promise<void> {
  await share.leave().catch(() => {});
}
