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
      const worker = new Worker(context, options, front?.shareMetrics ?? null);
      while (!options.stop.aborted) {
        worker.look(await patience.during(() => listSharedRuns(database.pool)));
        await delay(LOOK_EVERY_MS, undefined, { signal: options.stop }).catch(() => {});
      }
      await worker.finish();
    } finally {
      await database.close();
    }
  } finally {
    await front?.close();
  }
}

class Worker {
  readonly #context: SessionContext;
  readonly #options: ServeOptions;
  readonly #shareObserver: ShareObserver | null;
  readonly #served = new Map<number, Served>();
  /** When a run that could not be served is tried again, epoch ms. */
  readonly #againAtMs = new Map<number, number>();

  constructor(context: SessionContext, options: ServeOptions, shareObserver: ShareObserver | null) {
    this.#context = context;
    this.#options = options;
    this.#shareObserver = shareObserver;
  }

  look(runs: readonly SharedRun[]): void {
    const atMs = nowMs();
    const servable = runs.filter(({ run }) => (this.#againAtMs.get(run) ?? 0) <= atMs);
    const choices = chooseRuns(
      servable.map(({ run, living }) => {
        const served = this.#served.get(run);
        const members = living.length - (served === undefined ? 0 : 1);
        return { run, members, servedSinceMs: served?.sinceMs ?? null };
      }),
      this.#options.runsAtOnce,
      atMs,
    );
    for (const run of choices.leave) this.#served.get(run)?.handBack.abort();
    for (const run of servable) if (choices.join.includes(run.run)) this.#serve(run);
  }

  async finish(): Promise<void> {
    await Promise.all([...this.#served.values()].map(({ over }) => over));
  }

  #serve(run: SharedRun): void {
    const handBack = new AbortController();
    const over = this.#ingest(run, handBack.signal).finally(() => this.#served.delete(run.run));
    this.#served.set(run.run, { sinceMs: nowMs(), handBack, over });
  }

  async #ingest(run: SharedRun, handBack: AbortSignal): Promise<void> {
    const name = `run ${run.run} of ${run.source}.${run.stream}`;
    const { log, redact } = this.#context;
    try {
      const context = await this.#contextOf(run);
      log.info({ event: 'run_served', run: run.run }, `helps with ${name}`);
      const { leave } = this.#options;
      const end = await ingest(context, {
        ...{ leave, handBack, serves: run.run, tell: () => {} },
        shareObserver: this.#shareObserver,
      });
      if (isUnfit(end)) this.#againAtMs.set(run.run, nowMs() + AGAIN_MS);
      log.info({ event: 'run_left', run: run.run }, `leaves ${name}`);
    } catch (error) {
      if (!(error instanceof UserError) && !(error instanceof IngestionError)) throw error;
      this.#againAtMs.set(run.run, nowMs() + AGAIN_MS);
      log.error(
        { event: 'run_not_served', run: run.run },
        `cannot help with ${name}: ${redact(error.message)}`,
      );
    }
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

/** What ended the share of this worker would end the next one too: a wrong key, for one. */
function isUnfit(end: IngestionEnd): boolean {
  return end.type === 'ended' && ['failed', 'paused'].includes(end.outcome.status);
}
