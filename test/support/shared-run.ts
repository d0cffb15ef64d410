/** Real processes that share a run over a Redis, each with a folder for its state and a port. */
import { environmentFor } from './ingest-check.js';
import type { Exit, IngestFolder, IngestProcess } from './ingest-process.js';

export interface SharedRunParts {
  readonly database: { readonly connectionString: string };
  readonly folder: IngestFolder;
  readonly simulator: { readonly baseUrl: string };
  readonly redis: { readonly url: string };
  /** Of all its processes. */
  readonly env?: Readonly<Record<string, string>>;
}

export class SharedRun {
  readonly #parts: SharedRunParts;
  #started = 0;

  constructor(parts: SharedRunParts) {
    this.#parts = parts;
  }

  ingest(): IngestProcess {
    return this.#start(['ingest', '--json']);
  }

  worker(): IngestProcess {
    return this.#start(['worker']);
  }

  serve(): IngestProcess {
    return this.#start(['serve', '--port', '0']);
  }

  status(...args: readonly string[]): Promise<Exit> {
    const { connectionString } = this.#parts.database;
    return this.#parts.folder.run(['status', ...args], { DATABASE_URL: connectionString });
  }

  #start(args: readonly string[]): IngestProcess {
    const { database, folder, simulator, redis, env = {} } = this.#parts;
    return folder.start(
      args,
      environmentFor(simulator, database, {
        ...{ REDIS_URL: redis.url, HTTP_PORT: '0', MEMBER_LEASE: '2' },
        // Processes of one folder would write over each other's.
        STATE_FILE: `data/${++this.#started}.state`,
        ...env,
      }),
    );
  }
}
