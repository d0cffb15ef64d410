/** Who looks on at the run of a session: traces, alerts and the HTTP server, where they are asked for. */
import type { Pool } from 'pg';
import type { Config } from '../../config/config.js';
import type { Limiter } from '../../core/limiter.js';
import type { Scheduler } from '../../core/scheduler.js';
import type { PoolUse } from '../../observe/engine-metrics.js';
import type { RunFigures } from '../../observe/run-figures.js';
import type { RunStats } from '../../observe/run-stats.js';
import type { RunObserver } from '../../runtime/run-observer.js';
import type { Engine } from '../engine.js';
import type { SessionParts } from '../session-parts.js';

/** What there is to see of a session. */
export interface Visible {
  readonly scheduler: Scheduler;
  readonly limiter: Limiter;
  readonly stats: RunStats;
  readonly figures: RunFigures;
  readonly engine: Pick<Engine, 'fetchPool' | 'writer'>;
}

/** @returns who is to be told what happens in the run */
export async function lookOn(
  parts: SessionParts,
  visible: Visible,
): Promise<readonly RunObserver[]> {
  return [...traced(parts), ...alerted(parts, visible), ...(await shown(parts, visible))];
}

function traced({ onlookers: { traces }, prepared, source }: SessionParts): RunObserver[] {
  if (traces === null) return [];
  const url = new URL(source.spec.request(`${source.origin}${source.basePath}`, null, 1).url);
  url.search = '';
  return [traces.observe({ run: prepared.run.run, url })];
}

function alerted(
  { onlookers: { alerts }, prepared }: SessionParts,
  visible: Visible,
): RunObserver[] {
  if (alerts === null) return [];
  const { scheduler, limiter, figures } = visible;
  const isResumed = prepared.resumedFrom !== null;
  const { run, stream } = prepared.run;
  return [alerts.attach({ run, stream, isResumed, scheduler, limiter, figures })];
}

async function shown(parts: SessionParts, visible: Visible): Promise<RunObserver[]> {
  const { onlookers, prepared, source, database, context } = parts;
  const { scheduler, limiter, stats, figures, engine } = visible;
  const { front } = onlookers;
  if (front === null) return [];
  return front.attach({
    run: prepared.run.run,
    source: source.spec.name,
    stream: source.spec.stream,
    origin: source.runOrigin,
    resumedFrom: prepared.resumedFrom,
    scheduler,
    limiter,
    stats,
    figures,
    workers: () =>
      engine.writer.death?.message ??
      (engine.fetchPool.threadCount > 0 ? null : 'no fetch thread lives'),
    pools: () => poolUse(context.config, visible, database.pool),
  });
}

function poolUse({ concurrency }: Config, { scheduler, engine }: Visible, pool: Pool): PoolUse[] {
  const { writer } = engine;
  const { inFlight, writing } = scheduler.outstandingByPhase();
  return [
    { pool: 'fetch', used: inFlight, size: concurrency },
    { pool: 'write', used: Math.min(writing, writer.connections), size: writer.connections },
    { pool: 'control', used: pool.totalCount - pool.idleCount, size: pool.options.max },
  ];
}
