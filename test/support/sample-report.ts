/** A report of a run, for tests of what is made of one. */
import type { ReportSession, RunReportDocument } from '../../src/observe/run-report.js';

export const STARTED_MS = Date.UTC(2026, 0, 27, 12);

export function sampleSession(changes: Partial<ReportSession> = {}): ReportSession {
  return {
    ...{ startedAtMs: STARTED_MS, endedAtMs: STARTED_MS + 60_000, status: 'complete' },
    ...{ reason: null, rows: 50_000, bytes: 17_300_000, requests: 12, refused: 1, retries: 2 },
    ...{ faults: { NETWORK: 2, RATE_LIMITED: 1 }, permittedRequests: 20, utilisation: 0.991 },
    ...changes,
  };
}

export function sampleReport(changes: Partial<RunReportDocument> = {}): RunReportDocument {
  const summary = { count: 12, meanMs: 4, p50Ms: 3.5, p95Ms: 9.1, p99Ms: 11, maxMs: 12.5 };
  const points = [0, 1, 2].map((second) => STARTED_MS + second * 1000);
  return {
    version: 1,
    ...{ run: 3, source: 'datasync', origin: 'http://api.example/api/v1', status: 'complete' },
    ...{ startedAtMs: STARTED_MS, reason: null, resumeAtMs: null, warnings: [] },
    ...{ firstRequestAtMs: STARTED_MS + 500, endedAtMs: STARTED_MS + 60_500 },
    rows: {
      ...{ ingested: 50_000, total: 50_000, returned: 50_010, inserted: 49_990 },
      ...{ updated: 0, duplicate: 10, quarantined: 10, deleted: null },
    },
    pages: 11,
    sessions: [sampleSession()],
    limit: { quota: 10, windowMs: 60_000 },
    latency: { head: summary, fetch: summary, scan: summary, write: summary },
    waits: { permit: 0.8, answer: 0.15, slot: 0, credit: 0.05, end: 0 },
    ...{ databaseShare: 0.31, writeMethod: 'copy', peakRssBytes: 150e6, mainLoopDelayP99Ms: 2 },
    quarantine: [{ reason: 'no id', records: 10, segment: 1, page: 4 }],
    fieldChanges: [],
    timeline: {
      atMs: points,
      ...{ rows: [0, 20_000, 50_000], rowsPerSecond: [0, 20_000, 25_000] },
      ...{ requests: [0, 5, 12], permitted: [10, 10, 10], fetching: [0, 5, 0] },
      ...{ scanning: [0, 1, 0], writing: [0, 2, 0], heldBytes: [0, 8e6, 0] },
    },
    settings: { concurrency: 10, pageLimit: null },
    versions: { datasync: '0.1.0', node: '20.18.1' },
    ...{ submission: null, verification: null },
    ...changes,
  };
}
