/** Makes the report of a session from its figures. */
import type { RunOutcome } from '../core/scheduler-types.js';
import type { LimitPolicy } from '../core/token-bucket.js';
import type { IngestResult } from './report.js';
import { resumeAtMsOf, statusAfter } from './run-end.js';
import type { Figures } from './run-figures.js';
import type { ReportSession, RunReportDocument } from './run-report.js';
import type { RunTimeline } from './run-report-timeline.js';
import type { RunStats } from './run-stats.js';

export interface SessionFigures {
  readonly run: Pick<
    RunReportDocument,
    'run' | 'source' | 'origin' | 'startedAtMs' | 'firstRequestAtMs' | 'settings'
  >;
  readonly outcome: RunOutcome;
  readonly result: IngestResult;
  readonly stats: RunStats;
  readonly policy: LimitPolicy | null;
  /** Of the session as it ended. */
  readonly figures: Figures;
  readonly writerConnections: number;
  readonly timeline: RunTimeline;
  readonly quarantine: RunReportDocument['quarantine'];
  readonly fieldChanges: RunReportDocument['fieldChanges'];
  readonly versions: Readonly<Record<string, string>>;
  readonly endedAtMs: number;
}

export function sessionReport(figures: SessionFigures): RunReportDocument {
  const { run, outcome, result, stats, policy, endedAtMs } = figures;
  const { rows, total, durationMs, waits } = figures.figures;
  return {
    version: 1,
    ...{ run: run.run, source: run.source, origin: run.origin, startedAtMs: run.startedAtMs },
    status: statusAfter(outcome.status),
    reason: result.reason,
    resumeAtMs: resumeAtMsOf(outcome),
    warnings: [...result.warnings],
    firstRequestAtMs: run.firstRequestAtMs ?? stats.firstRequestAtMs,
    endedAtMs,
    rows: { ingested: rows, total, ...stats.counts, deleted: result.deleted },
    pages: stats.pages,
    sessions: [sessionOf(figures)],
    limit: policy === null ? null : { quota: policy.quota, windowMs: policy.windowMs },
    latency: {
      head: stats.latency.head.summary(),
      fetch: stats.latency.fetch.summary(),
      scan: stats.latency.scan.summary(),
      write: stats.latency.write.summary(),
    },
    waits: Object.fromEntries(
      Object.entries(waits).map(([reason, share]) => [reason, Math.round(share * 1e4) / 1e4]),
    ),
    // A commit that began before a clock was set back must not make more than the whole.
    databaseShare: Math.min(
      1,
      stats.latency.write.totalMs / (Math.max(1, durationMs) * figures.writerConnections),
    ),
    writeMethod: result.writeMethod,
    peakRssBytes: result.peakRssBytes,
    mainLoopDelayP99Ms: result.mainLoopDelayP99Ms,
    quarantine: [...figures.quarantine],
    fieldChanges: [...figures.fieldChanges],
    timeline: figures.timeline.columns(),
    settings: { ...run.settings },
    versions: { ...figures.versions },
    ...{ submission: null, verification: null },
  };
}

function sessionOf({ outcome, result, stats, endedAtMs }: SessionFigures): ReportSession {
  return {
    startedAtMs: stats.startedAtMs ?? endedAtMs,
    endedAtMs,
    status: statusAfter(outcome.status),
    reason: result.reason,
    rows: stats.eventsIngestedHere,
    ...{ bytes: stats.bytes, requests: stats.requests, refused: stats.refused },
    retries: stats.retries,
    faults: Object.fromEntries(stats.faults),
    permittedRequests: result.permittedRequests,
    utilisation: result.utilisation,
  };
}
