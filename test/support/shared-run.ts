/** Real processes that share a run over a Redis, each with a folder for its state and a port. */
import { environmentFor } from './ingest-check.js';
import type { Exit, IngestFolder, IngestProcess } from './ingest-process.js';

export interface SharedRunParts {
  readonly database: { readonly connectionString: string };
  readonly folder: IngestFolder;
  readonly simulator: { readonly baseUrl: string };
  /** Null: each process works for itself. */
  readonly redis: { readonly url: string } | null;
  /** Of all its processes. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Of one process alone. */
export interface Changes {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeFlags?: readonly string[];
}

export class SharedRun {
  readonly #parts: SharedRunParts;
  #started = 0;

  constructor(parts: SharedRunParts) {
    this.#parts = parts;
  }

  ingest(changes: Changes = {}): IngestProcess {
    return this.#start(['ingest', '--json'], changes);
  }

  worker(changes: Changes = {}): IngestProcess {
    return this.#start(['worker'], changes);
  }

  serve(): IngestProcess {
    return this.#start(['serve', '--port', '0']);
  }

  status(...args: readonly string[]): Promise<Exit> {
    const { connectionString } = this.#parts.database;
    return this.#parts.folder.run(['status', ...args], { DATABASE_URL: connectionString });
  }

  #start(args: readonly string[], changes: Changes = {}): IngestProcess {
    const { database, folder, simulator, redis, env = {} } = this.#parts;
    return folder.start(
      [...args, ...(changes.args ?? [])],
      environmentFor(simulator, database, {
        ...(redis === null ? {} : { REDIS_URL: redis.url }),
        ...{ HTTP_PORT: '0', MEMBER_LEASE: '2' },
        // Processes of one folder would write over each other's.
        STATE_FILE: `data/${++this.#started}.state`,
        ...env,
        ...changes.env,
      }),
      changes.nodeFlags,
    );
  }
}
