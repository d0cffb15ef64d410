/** Looks at the runs that a ledger holds: opens its database, and finds the run that a command is about. */
import type { Pool } from 'pg';
import type { Config } from '../config/config.js';
import { describeTarget } from '../database/connect.js';
import type { Run } from '../database/ledger-types.js';
import { findLockHolder } from '../database/run-lock.js';
import { openRunStore, type RunStore } from '../database/run-store.js';
import { runState } from '../observe/run-status.js';
import { credentialsText } from '../source/file/references.js';
import { commandText } from './command-text.js';
import { type OpenDatabase, type OpenDatabaseParts, openLedger } from './open-database.js';
import { runOriginOf, streamKeyOf } from './open-source.js';
import { UserError } from './user-error.js';

export interface FoundRun {
  readonly type: 'run';
  readonly database: OpenDatabase;
  readonly store: RunStore;
  readonly run: Run;
}

/** Why there is none, in a sentence. */
export interface NoRun {
  readonly type: 'none';
  readonly text: string;
}

export class LedgerReader {
  readonly #known: OpenDatabaseParts;
  #database: OpenDatabase | null = null;

  private constructor(known: OpenDatabaseParts) {
    this.#known = known;
  }

  /** Opens nothing until a run is asked for, and closes it after the work. */
  static async during<T>(
    known: OpenDatabaseParts,
    work: (ledger: LedgerReader) => Promise<T>,
  ): Promise<T> {
    const ledger = new LedgerReader(known);
    try {
      return await work(ledger);
    } finally {
      await ledger.#database?.close();
    }
  }

  /**
   * The run that was asked for; else the newest over the configured source; where none is configured,
   * the newest of all. May be asked again: the database may come later, and so may the run.
   *
   * @param chosen its number; undefined: none was asked for
   * @param stream of the configured source
   * @throws IngestionError with the fault of the database
   */
  async find(
    chosen: number | undefined,
    stream: string = this.#known.config.stream,
  ): Promise<FoundRun | NoRun> {
    const config = { ...this.#known.config, stream };
    this.#database ??= await openLedger(this.#known);
    if (this.#database === null) return { type: 'none', text: noLedgerText(config) };
    const store = openRunStore(this.#database.pool);
    const run = await findRun(store, config, chosen);
    if (run === null) return { type: 'none', text: noRunText(config, chosen) };
    return { type: 'run', database: this.#database, store, run };
  }

  /** The same for who cannot do without. @throws UserError when there is none */
  async require(chosen: number | undefined, stream?: string): Promise<FoundRun> {
    const found = await this.find(chosen, stream);
    if (found.type === 'none') throw new UserError(found.text);
    return found;
  }
}

function findRun(store: RunStore, config: Config, chosen: number | undefined): Promise<Run | null> {
  if (chosen !== undefined) return store.findRun(chosen);
  if (!config.isTargetChosen) return store.findNewestRun();
  return store.findLatestRun(streamKeyOf(config));
}

function noRunText(config: Config, chosen: number | undefined): string {
  if (chosen !== undefined) return unknownRunText(chosen);
  if (config.isTargetChosen) {
    return `No run yet over ${runOriginOf(config.target)}: ${commandText(config.source, 'ingest')} begins one.`;
  }
  const keys = credentialsText(config.target.plan.credentials);
  const where =
    config.database.kind === 'embedded'
      ? ` in the database of simulated events, which is looked at without ${keys}`
      : '';
  return `No run yet${where}: ${commandText(config.source, 'ingest')} begins one.`;
}

export function unknownRunText(run: number): string {
  return `The ledger has no run ${run}.`;
}

/** Why there is no run at all: the database is not there yet, or has no table of ours. */
export function noLedgerText(config: Config): string {
  const { database } = config;
  const where =
    database.kind === 'url' ? describeTarget(database.connectionString) : database.dataFolder;
  return `No run yet in ${where}: ${commandText(config.source, 'ingest')} begins one.`;
}

/** Why ids of this run, which is not complete, are not all that the source holds. */
export async function notCompleteText(pool: Pool, run: Run): Promise<string> {
  const holder = await findLockHolder(pool, run);
  const state = runState(run.status, holder !== null);
  const remedy =
    state === 'running'
      ? 'wait for its end'
      : `${commandText(run.source, 'ingest')} goes on with it`;
  return `Run ${run.run} is ${state}, not complete: ${remedy}`;
}
