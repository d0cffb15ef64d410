/** What alerts tell of a run and of its configuration, and what they must not. */
import { createHash } from 'node:crypto';
import type { Limiter } from '../../core/limiter.js';
import type { Scheduler } from '../../core/scheduler.js';
import { describeTarget } from '../../database/connect.js';
import type { RunFigures as AlertFigures, AlertOrigin } from '../../observe/alerts/make-alert.js';
import type { RunFigures } from '../../observe/run-figures.js';
import type { SessionContext } from '../context.js';
import { runOriginOf } from '../open-source.js';

/** The run of this process, as far as alerts need it. */
export interface AlertedRun {
  readonly run: number;
  readonly stream: string;
  /** Earlier processes have worked on it. */
  readonly isResumed: boolean;
  readonly scheduler: Scheduler;
  readonly limiter: Limiter;
  readonly figures: RunFigures;
}

export function alertOriginOf({ config, redact }: SessionContext): AlertOrigin {
  const { source, stream, target, database } = config;
  const origin = runOriginOf(target);
  const into =
    database.kind === 'url' ? describeTarget(database.connectionString) : database.dataFolder;
  const hash = createHash('sha256')
    .update(JSON.stringify([source, origin, into]))
    .digest('hex');
  return {
    source,
    stream,
    origin,
    place: hash.slice(0, 12),
    redact,
  };
}

export function figuresOf({ run, figures }: AlertedRun, nowMs: number): AlertFigures {
  const { rows, total, rowsPerSecond, rest } = figures.at(nowMs);
  return { ...{ run, rows, total, rowsPerSecond }, remainingMs: rest?.remainingMs ?? null };
}
