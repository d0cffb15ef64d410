/**
 * A worker: serves the runs that other members have begun, as many at once as it may, and the one that has the
 * fewest members first.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { chooseRuns } from '../../core/choose-runs.js';
import { IngestionError } from '../../core/fault.js';
import { listSharedRuns, type SharedRun } from '../../database/members.js';
import { nowMs } from '../../runtime/clock.js';
import type { SessionContext } from '../context.js';
import { type IngestionEnd, ingest } from '../ingestion.js';
import { openFront } from '../onlookers/open-onlookers.js';
import { openDatabase, startPatience } from '../open-database.js';
import { runOriginOf } from '../open-source.js';
import { UserError } from '../user-error.js';
import type { ShareObserver } from './share-observer.js';

export interface ServeOptions {
  readonly runsAtOnce: number;
  /** How long a run is served while another has nobody. */
  readonly turnMs: number;
  /** No run is taken up any more; those that are served drain. */
  readonly stop: AbortSignal;
  /** The settings of a run's source. @throws UserError where it cannot be read here */
  readonly contextOf: (run: SharedRun) => Promise<SessionContext>;
  readonly leave: (why: string) => never;
}

interface Served {
  readonly sinceMs: number;
  readonly handBack: AbortController;
  readonly over: Promise<void>;
}

const LOOK_EVERY_MS = 1_000;
/** A run that could not be served may be in a while: a key was changed, a file was brought. */
const AGAIN_MS = 60_000;

/** Until it is told to stop. @throws IngestionError when the database cannot be used; UserError when the port is taken */
export async function serveRuns(context: SessionContext, options: ServeOptions): Promise<void> {
  const front = await openFront(context, 'worker');
  try {
    const database = await openDatabase(context);
    try {
      front?.connect(database.connectionString);
      const { log } = context;
      log.info({ event: 'worker_started' }, 'waiting for runs that are shared over Redis');
      const patience = startPatience(context);
      const server = new RunServer(context, options, front?.shareMetrics ?? null);
      while (!options.stop.aborted) {
        server.look(await patience.during(() => listSharedRuns(database.pool)));
        await delay(LOOK_EVERY_MS, undefined, { signal: options.stop }).catch(() => {});
      }
      await server.finish();
    } finally {
      await database.close();
    }
  } finally {
    await front?.close();
  }
}

export class RunServer {
  readonly #context: SessionContext;
  readonly #options: ServeOptions;
  readonly #shareObserver: ShareObserver | null;
  readonly #served = new Map<number, Served>();
  /** When a run was left, epoch ms. */
  readonly #leftAtMs = new Map<number, number>();
  /** When a run that could not be served is tried again, epoch ms. */
  readonly #againAtMs = new Map<number, number>();

  readonly #ingest: typeof ingest;
  readonly #nowMs: () => number;

  constructor(
    context: SessionContext,
    options: ServeOptions,
    shareObserver: ShareObserver | null,
    means: { readonly ingest: typeof ingest; readonly nowMs: () => number } = { ingest, nowMs },
  ) {
    this.#context = context;
    this.#options = options;
    this.#shareObserver = shareObserver;
    this.#ingest = means.ingest;
    this.#nowMs = means.nowMs;
  }

  /** @param runs that are shared */
  look(runs: readonly SharedRun[]): void {
    const { runsAtOnce, turnMs } = this.#options;
    const atMs = this.#nowMs();
    // Of a run that is over the worker still has to put the end on record.
    const ending = [...this.#served.keys()].filter((run) => !runs.some((one) => one.run === run));
    const atOnce = runsAtOnce - ending.length;
    const servable = runs.filter(({ run }) => (this.#againAtMs.get(run) ?? 0) <= atMs);
    const choices = chooseRuns(
      servable.map(({ run, living }) => {
        const served = this.#served.get(run);
        const members = Math.max(0, living.length - (served === undefined ? 0 : 1));
        const leftAtMs = this.#leftAtMs.get(run) ?? null;
        return { run, members, servedSinceMs: served?.sinceMs ?? null, leftAtMs };
      }),
      { atOnce, turnMs, nowMs: atMs, random: Math.random() },
    );
    // One that it hands back already makes room.
    const isLeaving = [...this.#served.values()].some(({ handBack }) => handBack.signal.aborted);
    if (!isLeaving) for (const run of choices.leave) this.#served.get(run)?.handBack.abort();
    for (const run of servable) if (choices.join.includes(run.run)) this.#serve(run);
  }

  /** Also of a run that is only being opened, which hears no signal yet. */
  async finish(): Promise<void> {
    for (const { handBack } of this.#served.values()) handBack.abort();
    await Promise.all([...this.#served.values()].map(({ over }) => over));
  }

  #serve(run: SharedRun): void {
    const handBack = new AbortController();
    const over = this.#workOn(run, handBack.signal).finally(() => {
      this.#served.delete(run.run);
      this.#leftAtMs.set(run.run, this.#nowMs());
    });
    this.#served.set(run.run, { sinceMs: this.#nowMs(), handBack, over });
  }

  async #workOn(run: SharedRun, handBack: AbortSignal): Promise<void> {
    const name = `run ${run.run} of ${run.source}.${run.stream}`;
    const { log } = this.#context;
    let context: SessionContext | null = null;
    try {
      context = await this.#contextOf(run);
      log.info({ event: 'run_served', run: run.run }, `helps with ${name}`);
      const { leave } = this.#options;
      const end = await this.#ingest(context, {
        ...{ leave, handBack, serves: run.run, tell: () => {} },
        shareObserver: this.#shareObserver,
      });
      const trouble = troubleOf(end);
      if (trouble === null) log.info({ event: 'run_left', run: run.run }, `leaves ${name}`);
      else {
        const why = context.redact(trouble.message);
        this.#putOff(run, `leaves ${name}: ${why}`, trouble.againAtMs);
      }
    } catch (error) {
      if (!(error instanceof UserError) && !(error instanceof IngestionError)) throw error;
      const { redact } = context ?? this.#context;
      this.#putOff(run, `cannot help with ${name}: ${redact(error.message)}`);
    } finally {
      context?.settleLog();
    }
  }

  #putOff({ run }: SharedRun, message: string, againAtMs: number | null = null): void {
    this.#againAtMs.set(run, againAtMs ?? this.#nowMs() + AGAIN_MS);
    this.#context.log.error({ event: 'run_not_served', run }, message);
  }

  async #contextOf(run: SharedRun): Promise<SessionContext> {
    const context = await this.#options.contextOf(run);
    const { config } = context;
    const origin = runOriginOf(config.target);
    if (origin !== run.origin) {
      throw new UserError(
        `it reads ${run.origin}, and the settings here name ${origin}. Give the worker the settings of the process that began it.`,
      );
    }
    // Runs at the same time would write over each other's.
    const stateFile = `${config.stateFile}.run-${run.run}`;
    return {
      ...context,
      log: context.log.child({ stream: run.stream }),
      config: { ...config, stateFile },
    };
  }
}

interface Trouble {
  readonly message: string;
  /** Epoch ms; null: it is not known. */
  readonly againAtMs: number | null;
}

/** Why the run must not be taken up again at once, though others go on with it; null: it may be. */
function troubleOf(end: IngestionEnd): Trouble | null {
  if (end.type !== 'ended') return null;
  const { outcome } = end;
  if (outcome.status === 'failed') return { message: outcome.fault.message, againAtMs: null };
  if (outcome.status === 'paused')
    return { message: outcome.reason, againAtMs: outcome.resumeAtMs };
  return null;
}
