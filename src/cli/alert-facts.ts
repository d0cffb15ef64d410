/** What alerts tell of a run and of its configuration, and what they must not. */
import { createHash } from 'node:crypto';
import type { Limiter } from '../core/limiter.js';
import type { Scheduler } from '../core/scheduler.js';
import { describeTarget } from '../database/connect.js';
import type { AlertOrigin, RunFigures } from '../observe/alerts/make-alert.js';
import { estimateRest } from '../observe/eta.js';
import type { RunStats } from '../observe/run-stats.js';
import type { CommandContext } from './context.js';
import { runOriginOf } from './open-target.js';

/** The run of this process, as far as alerts need it. */
export interface AlertedRun {
  readonly run: number;
  /** Earlier processes have worked on it. */
  readonly isResumed: boolean;
  readonly scheduler: Scheduler;
  readonly bucket: Limiter;
  readonly stats: RunStats;
}

export function alertOriginOf({ config, redact }: CommandContext): AlertOrigin {
  const { source, target, database } = config;
  const origin = runOriginOf(target);
  const into =
    database.kind === 'url' ? describeTarget(database.connectionString) : database.dataFolder;
  const hash = createHash('sha256')
    .update(JSON.stringify([source, origin, into]))
    .digest('hex');
  return {
    source,
    origin,
    place: hash.slice(0, 12),
    redact,
  };
}

/** @param pageLimit events that were last asked for in one page */
export function figuresOf(alerted: AlertedRun, pageLimit: number, nowMs: number): RunFigures {
  const { run, stats, bucket } = alerted;
  const elapsedMs = Math.max(1, stats.durationMs(nowMs));
  const { sourceTotal: total, eventsIngested: ingested, eventsIngestedHere: ingestedHere } = stats;
  const { policy } = bucket;
  const rest = estimateRest({ total, ingested, ingestedHere, pageLimit, policy, elapsedMs });
  return {
    run,
    rows: ingested,
    total,
    rowsPerSecond: (ingestedHere * 1000) / elapsedMs,
    remainingMs: rest?.remainingMs ?? null,
  };
}
