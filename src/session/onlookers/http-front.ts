/**
 * What the HTTP server shows, from the start of a command to its end: at first only that it lives,
 * then the database's runs, then the run of this process. Loaded only where HTTP_PORT is set.
 */
import type { ClusterView, SharedProgress } from '../../core/cluster-view.js';
import type { Fault } from '../../core/fault.js';
import type { RunOutcome } from '../../core/scheduler-types.js';
import type { RunSummary } from '../../database/run-history.js';
import { addClusterMetrics } from '../../observe/cluster-metrics.js';
import { addRunState, type PoolUse, type RunState } from '../../observe/engine-metrics.js';
import { HttpServer, type HttpSource, type Readiness } from '../../observe/http-server.js';
import { Registries } from '../../observe/registries.js';
import { RunView, type RunViewParts } from '../../observe/run-view.js';
import {
  type ScheduledOutcome,
  ScheduleMetrics,
  type ScheduleView,
} from '../../observe/schedule-view.js';
import { ShareMetrics } from '../../observe/share-metrics.js';
import { asShared } from '../../observe/shared-live.js';
import type { RunSnapshot } from '../../observe/snapshot.js';
import { TroubleWatch } from '../../observe/trouble-watch.js';
import { nowMs } from '../../runtime/clock.js';
import type { RunObserver } from '../../runtime/run-observer.js';
import type { SessionContext } from '../context.js';
import { memberName } from '../members/enter-run.js';
import { FrontLedger } from './front-ledger.js';
import { KeptAnswer, type Question } from './kept-answer.js';
import { listenFailure } from './listen-failure.js';
import { ShownStreams } from './shown-streams.js';

/** The run of this process, as far as the server needs it. */
export interface AttachedRun extends Omit<RunViewParts, 'earlier' | 'nowMs'> {
  readonly pools: () => readonly PoolUse[];
  /** Null: the workers can do their work, else why not. */
  readonly workers: () => string | null;
}

export class HttpFront implements HttpSource {
  readonly registry = new Registries();
  readonly #context: SessionContext;
  readonly #command: RunSnapshot['command'];
  #server: HttpServer | null = null;
  readonly #ledger: FrontLedger;
  readonly #cluster: KeptAnswer<ClusterView>;
  readonly #progress: KeptAnswer<readonly SharedProgress[]>;
  readonly #streams: ShownStreams;
  #schedule: ScheduleView | null = null;
  #scheduleMetrics: ScheduleMetrics | null = null;
  #shareMetrics: ShareMetrics | null = null;
  #hasComplained = false;

  private constructor(context: SessionContext, command: RunSnapshot['command']) {
    this.#context = context;
    this.#command = command;
    const { source, streams } = context.config;
    this.#ledger = new FrontLedger(context);
    this.#cluster = this.#asking(() => this.#ledger.cluster());
    this.#progress = this.#asking(() => this.#ledger.sharedProgress());
    this.#streams = new ShownStreams(streams, nowMs);
    if (!this.#isIngesting || streams.length === 1) {
      addRunState(this.registry.process, () => this.#runState());
    } else {
      this.registry.process.setDefaultLabels({ source });
      for (const stream of streams) {
        addRunState(this.registry.add({ source, stream }), () => this.#streams.stateOf(stream));
      }
    }
    addClusterMetrics(this.registry.process, () => this.#cluster.now());
  }

  /** @throws UserError when the address cannot be listened on */
  static async listen(
    context: SessionContext,
    options: { readonly port: number; readonly command: RunSnapshot['command'] },
  ): Promise<HttpFront> {
    const front = new HttpFront(context, options.command);
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

  connect(connectionString: string): void {
    this.#ledger.connect(connectionString);
  }

  /** A run of this process begins. @returns who is to be told what happens in it */
  async attach(parts: AttachedRun): Promise<RunObserver[]> {
    const { stream, run, scheduler, figures, workers } = parts;
    const earlier = parts.resumedFrom === null ? null : await this.#ledger.extent(run);
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

  /** Counts what this process does among members, in all its runs. */
  get shareMetrics(): ShareMetrics {
    this.#shareMetrics ??= new ShareMetrics(this.registry.process);
    return this.#shareMetrics;
  }

  get nextRunAtMs(): number | null {
    return this.#schedule?.nextRunAtMs ?? null;
  }

  async close(): Promise<void> {
    await this.#server?.close();
    await this.#ledger.close();
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
    const cluster = this.#cluster.last;
    // Nobody counts pages where no run is shared.
    const progress = (cluster?.runs.length ? this.#progress.last : null) ?? [];
    const live = this.#streams.snapshot();
    return {
      atMs: nowMs(),
      command: this.#command,
      live: live && asShared(live, cluster, progress),
      streams: this.#isIngesting ? this.#streams.lines() : [],
      trouble: this.#troubleNow(),
      schedule: this.#schedule,
      cluster,
      progress,
      ownName: memberName(),
      log: this.#context.recentLog?.entries() ?? [],
    };
  }

  history(): ReturnType<RunView['history']> | null {
    return this.#streams.history();
  }

  async readiness(): Promise<Readiness> {
    // Before the first run of a schedule nothing is opened, and nothing wrong.
    const isUnopened = !this.#ledger.isConnected && this.nextRunAtMs !== null;
    const database = isUnopened ? null : await this.#ledger.complaint();
    if (!this.#isIngesting) return { database };
    // While a schedule waits there is nothing that they could not do.
    if (this.nextRunAtMs !== null) return { database, workers: null };
    const { chosen } = this.#streams;
    return { database, workers: chosen === null ? 'not started yet' : chosen.workers() };
  }

  runs(): Promise<readonly RunSummary[]> {
    return this.#ledger.runs();
  }

  report(run: number): Promise<object | null> {
    return this.#ledger.report(run);
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

  #asking<Answer>(ask: Question<Answer>['ask']): KeptAnswer<Answer> {
    return new KeptAnswer({ ask, complain: (error) => this.complain(error), nowMs });
  }

  get #isIngesting(): boolean {
    return this.#command === 'ingest';
  }

  /** Without a run of its own, the state is that of the ledger's latest. */
  async #runState(): Promise<RunState | null> {
    if (this.#isIngesting) return this.#streams.stateOf(this.#context.config.stream);
    try {
      return (await this.#ledger.runs(1))[0]?.status ?? null;
    } catch {
      return null;
    }
  }
}
