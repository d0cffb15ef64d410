/**
 * The run report: what is worth keeping of a run, as one plain value that the JSON file, the page and
 * the text are made of.
 *
 * Rows are those of the run over all restarts, as the ledger counts them. Requests and time are those of its
 * sessions: each process adds its own to those of the report that it finds. Limit, latency, waits and
 * timeline are of the last session. Instants are epoch ms. No secret is among it.
 */
import * as z from 'zod/mini';
import { meanRate } from './eta.js';
import { SERIES } from './history.js';

const SESSIONS_MAX = 200;

const count = z.number();
const instant = z.number();
const share = z.nullable(z.number());
const column = z.readonly(z.array(z.nullable(z.number())));
const latency = z.nullable(
  z.object({
    ...{ count, meanMs: z.number(), p50Ms: z.number(), p95Ms: z.number(), p99Ms: z.number() },
    maxMs: z.number(),
  }),
);

/** Version 0.1 had a word of its own for a run that a signal had paused. */
const status = z.pipe(
  z.string(),
  z.transform((said) => (said === 'interrupted' ? 'paused' : said)),
);

const session = z.object({
  startedAtMs: instant,
  endedAtMs: instant,
  status,
  reason: z.nullable(z.string()),
  /** Written or found by this process. */
  rows: count,
  bytes: count,
  requests: count,
  refused: count,
  retries: count,
  /** By code; each was survived, but for the last of a session that failed. */
  faults: z.record(z.string(), count),
  permittedRequests: z.nullable(count),
  utilisation: share,
});

const submission = z.looseObject({
  submissionNumber: z.nullable(count),
  eventCount: z.nullable(count),
  submittedAt: z.nullable(z.string()),
  /** The seed's "Time to Complete", as the API words it. */
  timeToSubmit: z.nullable(z.string()),
  githubRepoUrl: z.string(),
});

/** How a stream of the same process ended. */
const streamEnd = z.object({
  stream: z.string(),
  /** Null: it came to none. */
  run: z.nullable(z.int()),
  status: z.string(),
  rows: count,
});

/** What `datasync verify` found last. */
const verification = z.object({
  ok: z.boolean(),
  atMs: instant,
  /** Rows of the run that were in the table. */
  rows: count,
  /** Of the run, as many as there were then: a run that went on has more. */
  pages: count,
  differences: count,
});

/** Of `reports/<run>.json`. */
const reportForm = z.object({
  version: z.literal(1),
  run: z.int(),
  source: z.string(),
  origin: z.string(),
  /** When the run was put into the ledger: with its number this tells it from a run elsewhere. */
  startedAtMs: instant,
  status,
  reason: z.nullable(z.string()),
  resumeAtMs: z.nullable(instant),
  /** What whoever uses the rows should know, though the run may be complete. */
  warnings: z._default(z.array(z.string()), []),
  firstRequestAtMs: z.nullable(instant),
  endedAtMs: z.nullable(instant),
  rows: z.object({
    ...{ ingested: count, total: z.nullable(count), returned: count, inserted: count },
    ...{ updated: z._default(count, 0), duplicate: count, quarantined: count },
    /** Of earlier runs, because the source has them no more; null: nobody asked. */
    deleted: z._default(z.nullable(count), null),
  }),
  pages: count,
  sessions: z.array(session),
  limit: z.nullable(z.object({ quota: count, windowMs: count })),
  latency: z.object({ head: latency, fetch: latency, scan: latency, write: latency }),
  /** Shares of the time, by what the next request waited for. */
  waits: z.record(z.string(), z.number()),
  /** Share of the writer's connections' time that they were committing pages. */
  databaseShare: share,
  writeMethod: z.nullable(z.string()),
  peakRssBytes: z.nullable(count),
  mainLoopDelayP99Ms: z.nullable(z.number()),
  quarantine: z.array(
    z.object({ reason: z.string(), records: count, segment: z.int(), page: z.int() }),
  ),
  /** How the records differ from those of earlier runs. */
  fieldChanges: z._default(
    z.array(
      z.object({
        ...{ path: z.string(), change: z.enum(['new', 'vanished', 'type changed']) },
        ...{ before: z.array(z.string()), now: z.array(z.string()), records: count, of: count },
      }),
    ),
    [],
  ),
  timeline: z.object({
    ...{ atMs: column, rows: column, rowsPerSecond: column, requests: column, permitted: column },
    ...{ fetching: column, scanning: column, writing: column, heldBytes: column },
  }),
  settings: z.record(z.string(), z.unknown()),
  versions: z.record(z.string(), z.string()),
  submission: z.nullable(submission),
  /** All streams of the last process, where it had several. */
  streams: z.optional(z.array(streamEnd)),
  /** Null: it was not verified since its last process ended. */
  verification: z._default(z.nullable(verification), null),
});

export type RunReportDocument = z.infer<typeof reportForm>;
export type ReportedStream = z.infer<typeof streamEnd>;
export type ReportSession = z.infer<typeof session>;
export type ReportedSubmission = z.infer<typeof submission>;

export const NO_TIMELINE: RunReportDocument['timeline'] = {
  ...{ atMs: [], rows: [], rowsPerSecond: [], requests: [], permitted: [] },
  ...{ fetching: [], scanning: [], writing: [], heldBytes: [] },
};

/** Whether more is to come: a process works on it, or one that did was killed. */
export function isUnderWay({ status }: Pick<RunReportDocument, 'status'>): boolean {
  return status === 'running' || status === 'stopped';
}

/** What the sessions come to. */
export interface ReportTotals {
  readonly requests: number;
  readonly refused: number;
  readonly retries: number;
  readonly bytes: number;
  readonly faults: Readonly<Record<string, number>>;
  /** The time that processes were at work on the run. */
  readonly activeMs: number;
  /**
   * Of processes that have left no report, for they were killed or are at work: requests, retries,
   * bytes and faults are without theirs.
   */
  readonly unreportedRows: number;
  /** From the first request to the end, pauses included; null: nothing was asked. */
  readonly elapsedMs: number | null;
  /**
   * Rows over the time at work, of the sessions that have left a report; where none has, over the time
   * from the first request to the last page. Null where there is neither.
   */
  readonly eventsPerSecond: number | null;
}

export function reportTotals(report: RunReportDocument): ReportTotals {
  const sum = (of: (session: ReportSession) => number): number =>
    report.sessions.reduce((total, one) => total + of(one), 0);
  const faults: Record<string, number> = {};
  for (const one of report.sessions) {
    for (const [code, times] of Object.entries(one.faults)) {
      faults[code] = (faults[code] ?? 0) + times;
    }
  }
  const elapsedMs = elapsedOf(report);
  const activeMs = sum((one) => one.endedAtMs - one.startedAtMs);
  const reportedRows = sum(({ rows }) => rows);
  return {
    requests: sum(({ requests }) => requests),
    refused: sum(({ refused }) => refused),
    retries: sum(({ retries }) => retries),
    bytes: sum(({ bytes }) => bytes),
    unreportedRows: Math.max(0, report.rows.ingested - reportedRows),
    ...{ activeMs, faults, elapsedMs },
    eventsPerSecond:
      report.sessions.length > 0
        ? meanRate(reportedRows, activeMs)
        : elapsedMs === null
          ? null
          : meanRate(report.rows.ingested, elapsedMs),
  };
}

/** A session is never longer than the whole: it begins with a request that may have had no answer. */
function elapsedOf({ firstRequestAtMs, endedAtMs, sessions }: RunReportDocument): number | null {
  if (firstRequestAtMs === null || endedAtMs === null) return null;
  const beganAtMs = Math.min(firstRequestAtMs, sessions[0]?.startedAtMs ?? firstRequestAtMs);
  return Math.max(0, endedAtMs - beganAtMs);
}

/**
 * A report of the same run joined to the one that an earlier process has left.
 *
 * @param earlier null, or of another run by that number: then nothing is taken over
 */
export function joinReports(
  earlier: RunReportDocument | null,
  now: RunReportDocument,
): RunReportDocument {
  if (earlier === null || !isSameRun(earlier, now)) return now;
  const sessions = [...earlier.sessions, ...now.sessions].slice(-SESSIONS_MAX);
  const firsts = [earlier.firstRequestAtMs, now.firstRequestAtMs].filter((ms) => ms !== null);
  return {
    ...now,
    sessions,
    firstRequestAtMs: firsts.length === 0 ? null : Math.min(...firsts),
    submission: now.submission ?? earlier.submission,
  };
}

/** A new database counts its runs from 1 again, so the number alone does not tell. */
export function isSameRun(
  report: RunReportDocument,
  run: Pick<RunReportDocument, 'run' | 'source' | 'origin' | 'startedAtMs'>,
): boolean {
  return (
    report.run === run.run &&
    report.source === run.source &&
    report.origin === run.origin &&
    Math.abs(report.startedAtMs - run.startedAtMs) < 1
  );
}

/** @returns null when it is no report, or has a column that is shorter than the others */
export function readReport(json: unknown): RunReportDocument | null {
  const parsed = reportForm.safeParse(json);
  if (!parsed.success) return null;
  const { timeline } = parsed.data;
  const isWhole = SERIES.every((series) => timeline[series].length === timeline.atMs.length);
  return isWhole ? parsed.data : null;
}
