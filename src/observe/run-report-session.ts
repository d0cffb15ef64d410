/** Makes the report of a session from its figures. */
import type { RunOutcome } from '../core/scheduler-types.js';
import type { LimitPolicy } from '../core/token-bucket.js';
import { WAIT_REASONS, type WaitReason, type WaitTimes } from '../core/wait-times.js';
import type { IngestResult } from './report.js';
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
  readonly waits: Pick<WaitTimes, 'totalMs'>;
  readonly writerConnections: number;
  readonly timeline: RunTimeline;
  readonly quarantine: RunReportDocument['quarantine'];
  readonly versions: Readonly<Record<string, string>>;
  readonly endedAtMs: number;
}

export function sessionReport(figures: SessionFigures): RunReportDocument {
  const { run, outcome, result, stats, policy, endedAtMs } = figures;
  const durationMs = Math.max(1, stats.durationMs(endedAtMs));
  return {
    version: 1,
    ...{ run: run.run, source: run.source, origin: run.origin, startedAtMs: run.startedAtMs },
    status: outcome.status,
    reason: result.reason,
    resumeAtMs: outcome.status === 'paused' ? outcome.resumeAtMs : null,
    firstRequestAtMs: run.firstRequestAtMs ?? stats.firstRequestAtMs,
    endedAtMs,
    rows: { ingested: stats.eventsIngested, total: stats.sourceTotal, ...stats.counts },
    pages: stats.pages,
    sessions: [sessionOf(figures)],
    limit: policy === null ? null : { quota: policy.quota, windowMs: policy.windowMs },
    latency: {
      head: stats.latency.head.summary(),
      fetch: stats.latency.fetch.summary(),
      scan: stats.latency.scan.summary(),
      write: stats.latency.write.summary(),
    },
    waits: waitShares(figures.waits, endedAtMs),
    // A commit that began before a clock was set back must not make more than the whole.
    databaseShare: Math.min(
      1,
      stats.latency.write.totalMs / (durationMs * figures.writerConnections),
    ),
    writeMethod: result.writeMethod,
    peakRssBytes: result.peakRssBytes,
    mainLoopDelayP99Ms: result.mainLoopDelayP99Ms,
    quarantine: [...figures.quarantine],
    timeline: figures.timeline.columns(),
    settings: { ...run.settings },
    versions: { ...figures.versions },
    submission: null,
  };
}

function sessionOf({ outcome, result, stats, endedAtMs }: SessionFigures): ReportSession {
  return {
    startedAtMs: stats.startedAtMs,
    endedAtMs,
    status: outcome.status,
    reason: result.reason,
    rows: stats.eventsIngestedHere,
    ...{ bytes: stats.bytes, requests: stats.requests, refused: stats.refused },
    retries: stats.retries,
    faults: Object.fromEntries(stats.faults),
    permittedRequests: result.permittedRequests,
    utilisation: result.utilisation,
  };
}

function waitShares(waits: Pick<WaitTimes, 'totalMs'>, nowMs: number): Record<string, number> {
  const total = WAIT_REASONS.reduce((sum, reason) => sum + waits.totalMs(reason, nowMs), 0);
  const shareOf = (reason: WaitReason): number =>
    total <= 0 ? 0 : Math.round((waits.totalMs(reason, nowMs) / total) * 1e4) / 1e4;
  return Object.fromEntries(WAIT_REASONS.map((reason) => [reason, shareOf(reason)]));
}
