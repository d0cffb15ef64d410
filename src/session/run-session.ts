/**
 * One process's share of a run: wires scheduler, fetch pool, writer, journal and observers, runs the
 * loop, and puts the end on record.
 */

import type { CommandContext } from '../commands/context.js';
import { EXIT } from '../commands/exit-codes.js';
import { isLoopback } from '../config/proxy-settings.js';
import { IngestionError } from '../core/fault.js';
import { Limiter } from '../core/limiter.js';
import type { RunOutcome } from '../core/scheduler-types.js';
import { asIngestionError } from '../database/connect.js';
import type { KeptRunLock } from '../database/kept-run-lock.js';
import type { Patience } from '../database/patience.js';
import type { RunStore } from '../database/run-store.js';
import { type IngestResult, ingestResult } from '../observe/report.js';
import { RunFigures } from '../observe/run-figures.js';
import { RunTimeline } from '../observe/run-report-timeline.js';
import { RunStats } from '../observe/run-stats.js';
import { BufferPool } from '../runtime/buffer-pool.js';
import { nowMs } from '../runtime/clock.js';
import { FetchPool } from '../runtime/fetch-pool.js';
import { IngestionLoop } from '../runtime/ingestion-loop.js';
import { observeAll } from '../runtime/observe-all.js';
import { RunJournal } from '../runtime/run-journal.js';
import { listenForSignals } from '../runtime/shutdown.js';
import { spareFullCollections } from '../runtime/worker-limits.js';
import { WriterHandle } from '../runtime/writer-handle.js';
import type { Source } from '../source/source.js';
import { requestHeaders } from './api-requests.js';
import { buildScheduler } from './build-scheduler.js';
import { findHints, mergeStarts } from './exploration/exploration-hints.js';
import { LimitStore } from './limit-store.js';
import type { HttpFront } from './onlookers/http-front.js';
import { lookOn } from './onlookers/look-on.js';
import type { Traces } from './onlookers/open-traces.js';
import type { RunAlerts } from './onlookers/run-alerts.js';
import type { OpenDatabase } from './open-database.js';
import { hashKey, type OpenTarget } from './open-source.js';
import type { PreparedRun } from './prepare-run.js';
import { keepReport } from './reports/keep-report.js';
import { missingRecords, RunWarnings, uncountedRows } from './run-warnings.js';
import { RunWatch } from './run-watch.js';
import { warnOfTriggers } from './table-triggers.js';

export interface SessionParts {
  readonly context: CommandContext;
  readonly source: Source;
  readonly target: OpenTarget;
  readonly database: OpenDatabase;
  /** Waits for a database that is away, with `patience`. */
  readonly store: RunStore;
  readonly patience: Patience;
  readonly lock: KeptRunLock;
  readonly prepared: PreparedRun;
  readonly processStartedAtMs: number;
  /** Null without HTTP_PORT. */
  readonly front: HttpFront | null;
  /** Null without an OTLP endpoint. */
  readonly traces: Traces | null;
  /** Null without a webhook. */
  readonly alerts: RunAlerts | null;
}

/** In-flight requests are cut off this long after a signal, so that the drain ends within 10 s. */
const DRAIN_FETCH_MS = 7_000;
const DRAIN_MS = 10_000;

export interface SessionEnd {
  readonly result: IngestResult;
  readonly outcome: RunOutcome;
  /** Of the report; null when it could not be written. */
  readonly page: string | null;
}

export async function runSession(parts: SessionParts): Promise<SessionEnd> {
  const { context, source, target, database, store, prepared } = parts;
  const { config, log } = context;
  const { run } = prepared;
  const limits = new LimitStore(store, {
    origin: target.runOrigin,
    keyHash: hashKey(target.apiKey),
    bucket: source.bucket,
  });
  const hints = await findHints(config, { apiKey: target.apiKey, nowMs: nowMs(), log });
  const assumed = hints.policy ?? source.defaultPolicy;
  const saved = mergeStarts(await limits.load(), hints, assumed);
  const limiter = new Limiter({
    ...{ assumed, reserve: config.reservedRequests, nowMs: nowMs() },
    ...(saved === null ? {} : { log: saved }),
  });
  const scheduler = buildScheduler(parts, limiter, hints);
  const stats = new RunStats({ earlier: prepared.totals, walksAgain: prepared.restarts });
  const figures = new RunFigures({ stats, limiter, scheduler });
  const journal = new RunJournal({
    run: run.run,
    store,
    saveLimits: (limitLog) => limits.save(limitLog),
    faultOf: (error) => asIngestionError(error).fault,
    onSegmentFault: (fault) => log.warn({ event: 'journal_failed', fault }, fault.message),
  });
  const watch = new RunWatch({
    ...{ context, stats, figures, limiter, scheduler, prepared },
    onSource: (facts) => journal.sourceSeen(facts),
    onLastError: (text) => journal.lastErrorSeen(text),
  });
  const warnings = new RunWarnings(log, run.warnings);
  const timeline = new RunTimeline({ stats, figures, scheduler, nowMs });
  let loop: IngestionLoop;
  spareFullCollections();
  const fetchPool = new FetchPool({
    settings: {
      source: source.name,
      origin: target.origin,
      headers: requestHeaders(source, target.apiKey),
      proxies: target.proxies,
      connectionsMax: Math.ceil(config.concurrency / config.fetchThreads) + 1,
      headDeadlineMs: config.headDeadlineMs,
      idleDeadlineMs: config.idleDeadlineMs,
      bodyBytesMax: config.bodyBytesMax,
      receiveBytesMax: Math.ceil(config.creditBytes / config.fetchThreads),
      // On one machine compression costs more than the bytes it saves.
      acceptsGzip: !isLoopback(target.origin),
    },
    threads: config.fetchThreads,
    onHead: (head) => loop.onHead(head),
    onResult: (result) => loop.onResult(result),
  });
  const writer = new WriterHandle({
    environment: database.variables,
    onWritten: (taskId, result) => loop.onWritten(taskId, result),
    onWaiting: (fault) => {
      log.warn(
        { event: 'database_awaited', fault },
        `a page waits for the database: ${fault.message}`,
      );
      parts.front?.databaseAwaited(fault, null);
    },
    onConnections: (connections, roundTripMs) =>
      log.debug(
        { event: 'connections_changed', connections, roundTripMs },
        `${connections} connections write, to a database that is ${Math.round(roundTripMs)} ms away`,
      ),
  });
  const onlookers = await lookOn(parts, {
    ...{ scheduler, limiter, stats, figures, fetchPool, writer },
  });
  loop = new IngestionLoop({
    run: run.run,
    scheduler,
    fetch: (task) => fetchPool.fetch(task),
    tellFetcher: (taskId, type) => fetchPool.tell(taskId, type),
    write: (task) => writer.write(task),
    pagePath: (cursor, limit) => source.pagePath(target.basePath, cursor, limit),
    buffers: new BufferPool(config.creditBytes),
    journal,
    observer: observeAll(watch, onlookers, (error) => {
      const reason = error instanceof Error ? error.stack : String(error);
      log.error({ event: 'onlooker_failed' }, `what looks on at the run failed: ${reason}`);
    }),
    nowMs,
  });
  const stopListening = listenForSignals({
    onDrain: (signal) => {
      log.info(
        { event: 'drain_started', signal },
        `${signal}: finishing what is in flight, ${DRAIN_MS / 1000} s at most; a second one ends it at once`,
      );
      loop.drain({ status: 'interrupted' });
      setTimeout(() => void fetchPool.close(), DRAIN_FETCH_MS).unref();
      setTimeout(() => leave('what is in flight takes too long'), DRAIN_MS).unref();
    },
    onExit: () => leave('a second signal'),
  });
  try {
    const fault = await writer.open({
      connectionString: database.connectionString,
      connectionsMax: config.writerConnections,
      method: config.writeMethod,
      expectsDuplicates: prepared.restarts || (await isOverKnownRows(prepared, store)),
      hasTriggers: await warnOfTriggers(database, log),
      statementTimeoutMs: config.statementTimeoutMs,
      retryForMs: config.databasePatienceMs,
    });
    if (fault !== null) throw new IngestionError(fault);
    watch.start();
    timeline.start();
    void parts.lock.gone.then((fault) => loop.drain({ status: 'failed', fault }));
    const outcome = await loop.run().catch(async (bug: unknown) => {
      const message = `a bug ended it: ${bug instanceof Error ? bug.message : String(bug)}`;
      const lastError = context.redact(message);
      await store.setRunStatus(run.run, 'failed', { lastError }).catch(() => {});
      throw bug;
    });
    // It was waited for already: what is left to be told it is tried once.
    if (outcome.status === 'failed') parts.patience.end();
    watch.stop();
    timeline.stop();
    const endedAtMs = nowMs();
    figures.end(endedAtMs);
    await writer.close();
    await journal.flush();
    await putOnRecord(store, { run: run.run, outcome, redact: context.redact }, async () => {
      await limits.save(limiter.log(nowMs()));
      const totals = await store.loadTotals(run.run);
      stats.recount(totals.covered);
      const { isOrderBroken } = scheduler;
      warnings.add(uncountedRows(isOrderBroken, totals));
      if (outcome.status === 'complete') {
        warnings.add(missingRecords(scheduler.announcedRecords, isOrderBroken, totals));
      }
      if (warnings.texts.length > 0) await store.setWarnings(run.run, warnings.texts);
    });
    await watch.writeState(outcome.status);
    parts.front?.ended(outcome, endedAtMs);
    parts.alerts?.ended(outcome);
    const result = ingestResult({
      run: run.run,
      outcome,
      stats,
      figures,
      resumedFrom: prepared.resumedFrom,
      warnings: warnings.texts,
      processStartedAtMs: parts.processStartedAtMs,
      nowMs: endedAtMs,
    });
    watch.ended(result, outcome);
    const page = await keepReport(context, database.pool, {
      ...{ run, outcome, result, stats, timeline, endedAtMs },
      figures: figures.at(endedAtMs),
      policy: limiter.policy,
      writerConnections: writer.connections,
    });
    return { result, outcome, page };
  } finally {
    watch.stop();
    timeline.stop();
    stopListening();
    // Whatever went wrong: a thread left alive would keep the process from ending.
    await Promise.all([fetchPool.close(), writer.close()]);
  }
}

/** What is in flight is lost to this process only: no page of it is committed, and the next start asks again. */
function leave(why: string): never {
  process.stderr.write(
    `Ended at once: ${why}. Start again to go on from the last committed page.\n`,
  );
  process.exit(EXIT.interrupted);
}

/** A new run over a table that holds rows already: COPY would fail on every page. */
async function isOverKnownRows(prepared: PreparedRun, store: RunStore): Promise<boolean> {
  return prepared.resumedFrom === null && (await store.tableHasRows());
}

interface Ended {
  readonly run: number;
  readonly outcome: RunOutcome;
  readonly redact: (text: string) => string;
}

async function putOnRecord(
  store: RunStore,
  { run, outcome, redact }: Ended,
  settle: () => Promise<void>,
): Promise<void> {
  try {
    await settle();
    if (outcome.status === 'complete') return await store.setRunStatus(run, 'complete');
    if (outcome.status === 'failed') {
      return await store.setRunStatus(run, 'failed', { lastError: redact(outcome.fault.message) });
    }
    await store.setRunStatus(run, 'paused', {
      ...(outcome.status === 'paused' ? { lastError: redact(outcome.reason) } : {}),
      ...(outcome.status === 'paused' && outcome.resumeAtMs !== null
        ? { resumeAtMs: outcome.resumeAtMs }
        : {}),
    });
  } catch (error) {
    // The ledger has every committed page: a status that could not be written loses nothing. Where
    // the database is the reason of the end, that reason must not be hidden by this one.
    if (outcome.status !== 'failed') throw error;
  }
}
