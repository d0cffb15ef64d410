/** Who looks on at the run of a session: traces, alerts and the HTTP server, where they are asked for. */
import type { Pool } from 'pg';
import type { Config } from '../../config/config.js';
import type { Limiter } from '../../core/limiter.js';
import type { Scheduler } from '../../core/scheduler.js';
import type { PoolUse } from '../../observe/engine-metrics.js';
import type { RunFigures } from '../../observe/run-figures.js';
import type { RunStats } from '../../observe/run-stats.js';
import type { FetchPool } from '../../runtime/fetch-pool.js';
import type { RunObserver } from '../../runtime/run-observer.js';
import type { WriterHandle } from '../../runtime/writer-handle.js';
import type { SessionParts } from '../run-session.js';

export interface Engine {
  readonly scheduler: Scheduler;
  readonly limiter: Limiter;
  readonly stats: RunStats;
  readonly figures: RunFigures;
  readonly fetchPool: FetchPool;
  readonly writer: WriterHandle;
}

/** @returns who is to be told what happens in the run */
export async function lookOn(parts: SessionParts, engine: Engine): Promise<readonly RunObserver[]> {
  return [...traced(parts), ...alerted(parts, engine), ...(await shown(parts, engine))];
}

function traced({ traces, prepared, source, target }: SessionParts): RunObserver[] {
  if (traces === null) return [];
  const url = new URL(source.pagePath(target.basePath, null, 1), target.origin);
  url.search = '';
  return [traces.observe({ run: prepared.run.run, url })];
}

function alerted({ alerts, prepared }: SessionParts, engine: Engine): RunObserver[] {
  if (alerts === null) return [];
  const { scheduler, limiter, figures } = engine;
  const isResumed = prepared.resumedFrom !== null;
  return [alerts.attach({ run: prepared.run.run, isResumed, scheduler, limiter, figures })];
}

async function shown(parts: SessionParts, engine: Engine): Promise<RunObserver[]> {
  const { front, prepared, source, target, database, context } = parts;
  const { scheduler, limiter, stats, figures, fetchPool, writer } = engine;
  if (front === null) return [];
  return front.attach({
    run: prepared.run.run,
    source: source.name,
    origin: target.runOrigin,
    resumedFrom: prepared.resumedFrom,
    scheduler,
    limiter,
    stats,
    figures,
    workers: () =>
      writer.death?.message ?? (fetchPool.threadCount > 0 ? null : 'no fetch thread lives'),
    pools: () => poolUse(context.config, engine, database.pool),
  });
}

function poolUse({ concurrency }: Config, engine: Engine, pool: Pool): PoolUse[] {
  const { scheduler, writer } = engine;
  const { inFlight, writing } = scheduler.outstandingByPhase();
  return [
    { pool: 'fetch', used: inFlight, size: concurrency },
    { pool: 'write', used: Math.min(writing, writer.connections), size: writer.connections },
    { pool: 'control', used: pool.totalCount - pool.idleCount, size: pool.options.max },
  ];
}
