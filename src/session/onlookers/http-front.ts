/**
 * What the HTTP server shows, from the start of a command to its end: at first only that it lives,
 * then the database's runs, then the run of this process. Loaded only where HTTP_PORT is set.
 */
import type { Pool } from 'pg';
import type { Fault } from '../../core/fault.js';
import type { RunOutcome } from '../../core/scheduler-types.js';
import { openPool } from '../../database/connect.js';
import { hasLedger } from '../../database/migrate.js';
import { openRunHistory, type RunHistory, type RunSummary } from '../../database/run-history.js';
import { openRunStore } from '../../database/run-store.js';
import { addRunState, type PoolUse, type RunState } from '../../observe/engine-metrics.js';
import { HttpServer, type HttpSource, type Readiness } from '../../observe/http-server.js';
import { Registries } from '../../observe/registries.js';
import { reportTotals } from '../../observe/run-report.js';
import { RunView, type RunViewParts } from '../../observe/run-view.js';
import {
  type ScheduledOutcome,
  ScheduleMetrics,
  type ScheduleView,
} from '../../observe/schedule-view.js';
import type { RunSnapshot } from '../../observe/snapshot.js';
import { TroubleWatch } from '../../observe/trouble-watch.js';
import { answerDeadlineMs } from '../../postgres/client.js';
import { nowMs } from '../../runtime/clock.js';
import type { RunObserver } from '../../runtime/run-observer.js';
import type { SessionContext } from '../context.js';
import { loadReport } from '../reports/load-report.js';
import { listenFailure } from './listen-failure.js';
import { ShownStreams } from './shown-streams.js';

const CONNECTIONS = 2;
/** A page that looks on must never hold up the ingestion's own statements for long. */
const STATEMENT_TIMEOUT_MS = 5_000;
const PROBE_TIMEOUT_MS = 2_000;
const PROBE_EVERY_MS = 1_000;
const RUNS_MAX = 50;

/** The run of this process, as far as the server needs it. */
export interface AttachedRun extends Omit<RunViewParts, 'earlier' | 'nowMs'> {
  readonly pools: () => readonly PoolUse[];
  /** Null: the workers can do their work, else why not. */
  readonly workers: () => string | null;
}

export class HttpFront implements HttpSource {
  readonly registry = new Registries();
  readonly #context: SessionContext;
  /** Whether a run of this process is to come. */
  readonly #isIngesting: boolean;
  #server: HttpServer | null = null;
  #pool: Pool | null = null;
  #connectedTo: string | null = null;
  #runHistory: RunHistory | null = null;
  readonly #streams: ShownStreams;
  #schedule: ScheduleView | null = null;
  #scheduleMetrics: ScheduleMetrics | null = null;
  #hasComplained = false;
  #probe: { readonly atMs: number; readonly complaint: Promise<string | null> } | null = null;

  private constructor(context: SessionContext, isIngesting: boolean) {
    this.#context = context;
    this.#isIngesting = isIngesting;
    const { source, streams } = context.config;
    this.#streams = new ShownStreams(streams, nowMs);
    if (!isIngesting || streams.length === 1) {
      addRunState(this.registry.process, () => this.#runState());
    } else {
      this.registry.process.setDefaultLabels({ source });
      for (const stream of streams) {
        addRunState(this.registry.add({ source, stream }), () => this.#streams.stateOf(stream));
      }
    }
  }

  /** @throws UserError when the address cannot be listened on */
  static async listen(
    context: SessionContext,
    options: { readonly port: number; readonly isIngesting: boolean },
  ): Promise<HttpFront> {
    const front = new HttpFront(context, options.isIngesting);
    const { httpHost: host, httpAllowedHosts: allowedHosts } = context.config;
    try {
      front.#server = await HttpServer.listen({ host, port: options.port, allowedHosts }, front);
    } catch (error) {
      throw listenFailure(error, { host, port: options.port }) ?? error;
    }
    const { url } = front.#server;
    context.log.info({ event: 'http_listening', url }, `dashboard, metrics and health: ${url}`);
    return front;
  }

  get url(): string {
    return this.#server?.url ?? '';
  }

  /** Connections of its own: whoever looks on takes none from the run. */
  connect(connectionString: string): void {
    if (this.#connectedTo === connectionString) return;
    void this.#pool?.end();
    this.#connectedTo = connectionString;
    this.#runHistory = null;
    this.#pool = openPool(connectionString, {
      max: CONNECTIONS,
      applicationName: 'datasync-http',
      statementTimeoutMs: STATEMENT_TIMEOUT_MS,
      silenceMs: answerDeadlineMs(STATEMENT_TIMEOUT_MS),
    });
  }

  /** A run of this process begins. @returns who is to be told what happens in it */
  async attach(parts: AttachedRun): Promise<RunObserver[]> {
    const { stream, run, scheduler, figures, workers } = parts;
    const earlier = parts.resumedFrom === null ? null : await this.#extent(run);
    const view = new RunView({ ...parts, earlier, nowMs });
    const metrics = this.registry.of(stream).begin({ ...parts, nowMs });
    // A run that commits within its first second would else seem to begin with those rows.
    view.tick();
    const trouble = new TroubleWatch(nowMs);
    this.#streams.add({ stream, run, view, scheduler, figures, trouble, workers });
    return [view, trouble, metrics];
  }

  databaseIsBack(): void {
    this.#streams.databaseIsBack();
  }

  /** @param waitMs until the next attempt; null: not known */
  databaseAwaited(fault: Fault, waitMs: number | null): void {
    this.#streams.databaseAwaited(fault, waitMs);
  }

  /** A run was over at `atMs`: what the pages show of it from now on stands still. */
  ended(run: number, outcome: RunOutcome, atMs: number): void {
    try {
      const stream = this.#streams.end(run, outcome, atMs);
      if (stream !== null) this.registry.of(stream).ended(atMs);
    } catch (error) {
      this.complain(error);
    }
    this.#server?.publish();
  }

  /** A stream of several comes to no run. */
  endedWithoutRun(stream: string, state: 'failed' | 'not begun', reason: string): void {
    this.#streams.endWithoutRun(stream, state, this.#context.redact(reason));
    this.#server?.publish();
  }

  /** A run of the schedule begins: what the one before it left is not shown any more. */
  runBegins(schedule: Omit<ScheduleView, 'nextRunAtMs'>): void {
    this.#schedule = { ...schedule, nextRunAtMs: null };
    this.#streams.clear();
    this.#server?.publish();
  }

  runEnded(outcome: ScheduledOutcome): void {
    this.#scheduleMetrics?.ended(outcome);
  }

  /** The schedule waits. The last run stays in sight. */
  runWaits(schedule: ScheduleView): void {
    this.#schedule = schedule;
    this.#scheduleMetrics ??= new ScheduleMetrics(this.registry.process, () => this.nextRunAtMs);
    this.#server?.publish();
  }

  get nextRunAtMs(): number | null {
    return this.#schedule?.nextRunAtMs ?? null;
  }

  async close(): Promise<void> {
    await this.#server?.close();
    await this.#pool?.end();
  }

  // --- what the server asks --------------------------------------------------------------------

  tick(): void {
    this.#streams.tick();
  }

  /** A bug of what looks on: told once, and no reason to end a run. */
  complain(error: unknown): void {
    if (this.#hasComplained) return;
    this.#hasComplained = true;
    const reason = error instanceof Error ? error.stack : String(error);
    this.#context.log.error({ event: 'dashboard_failed' }, `the dashboard failed: ${reason}`);
  }

  snapshot(): RunSnapshot {
    return {
      atMs: nowMs(),
      isIngesting: this.#isIngesting,
      live: this.#streams.snapshot(),
      streams: this.#isIngesting ? this.#streams.lines() : [],
      trouble: this.#troubleNow(),
      schedule: this.#schedule,
      log: this.#context.recentLog?.entries() ?? [],
    };
  }

  history(): ReturnType<RunView['history']> | null {
    return this.#streams.history();
  }

  async readiness(): Promise<Readiness> {
    // Before the first run of a schedule nothing is opened, and nothing wrong.
    const isUnopened = this.#pool === null && this.nextRunAtMs !== null;
    const database = isUnopened ? null : await this.#databaseComplaint();
    if (!this.#isIngesting) return { database };
    // While a schedule waits there is nothing that they could not do.
    if (this.nextRunAtMs !== null) return { database, workers: null };
    const { chosen } = this.#streams;
    return { database, workers: chosen === null ? 'not started yet' : chosen.workers() };
  }

  async runs(): Promise<readonly RunSummary[]> {
    return (await (await this.#ledger())?.listRuns(RUNS_MAX)) ?? [];
  }

  async report(run: number): Promise<object | null> {
    if (this.#pool === null || (await this.#ledger()) === null) return null;
    const known = await openRunStore(this.#pool).findRun(run);
    if (known === null) return null;
    const { report, ledger } = await loadReport(this.#pool, this.#context.config, known);
    const { verification } = report;
    return { ...ledger, status: report.status, totals: reportTotals(report), verification };
  }

  // ---------------------------------------------------------------------------------------------

  /** Words of a fault may hold what must not be shown. */
  #troubleNow(): RunSnapshot['trouble'] {
    const trouble = this.#streams.trouble();
    if (trouble === null) return null;
    const { redact } = this.#context;
    const remedy = trouble.remedy === null ? null : redact(trouble.remedy);
    return { ...trouble, message: redact(trouble.message), remedy };
  }

  /** Null while the database has none: an ingestion may still make it. */
  async #ledger(): Promise<RunHistory | null> {
    if (this.#runHistory === null && this.#pool !== null && (await hasLedger(this.#pool))) {
      this.#runHistory = openRunHistory(this.#pool);
    }
    return this.#runHistory;
  }

  /** Without a run of its own, the state is that of the ledger's latest. */
  async #runState(): Promise<RunState | null> {
    if (this.#isIngesting) return this.#streams.stateOf(this.#context.config.stream);
    try {
      return (await (await this.#ledger())?.listRuns(1))?.[0]?.status ?? null;
    } catch {
      return null;
    }
  }

  /** Where the map of segments begins and ends; without it the map is only less exact. */
  async #extent(run: number): ReturnType<RunHistory['extent']> {
    try {
      const ledger = await this.#ledger();
      if (ledger !== null) return await ledger.extent(run);
    } catch (error) {
      const { message } = error as Error;
      this.#context.log.warn({ event: 'extent_unknown' }, `the dashboard's map: ${message}`);
    }
    return { newestMs: null, oldestMs: null };
  }

  /** However often it is asked, the database is asked once a second. */
  #databaseComplaint(): Promise<string | null> {
    const { timeOrigin } = performance;
    const atMs = nowMs() - timeOrigin;
    if (this.#probe === null || atMs - this.#probe.atMs >= PROBE_EVERY_MS) {
      this.#probe = { atMs, complaint: probe(this.#pool) };
    }
    return this.#probe.complaint;
  }
}

async function probe(pool: Pool | null): Promise<string | null> {
  if (pool === null) return 'not opened yet';
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer in ${PROBE_TIMEOUT_MS} ms`), PROBE_TIMEOUT_MS);
  });
  const answered = pool.query('SELECT 1').then(
    () => null,
    () => 'out of reach',
  );
  const complaint = await Promise.race([answered, late]);
  clearTimeout(timer);
  return complaint;
}
