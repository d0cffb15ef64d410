/**
 * The threads of a process, which its streams share: the fetch pool and the writer.
 *
 *   none ──first use──▶ there ──last release──▶ none
 */
import type { PageHead } from '../protocol/fetch-messages.js';
import { FetchPool } from '../runtime/fetch-pool.js';
import { spareFullCollections } from '../runtime/worker-limits.js';
import { WriterThread } from '../runtime/writer-thread.js';
import type { SessionContext } from './context.js';
import { fetchSettings } from './fetch-settings.js';
import type { OpenDatabase } from './open-database.js';
import type { OpenSource } from './open-source.js';

export interface ThreadsParts {
  readonly context: Pick<SessionContext, 'config'>;
  readonly source: OpenSource;
  readonly database: Pick<OpenDatabase, 'variables'>;
}

export interface ThreadUse {
  readonly fetchPool: FetchPool;
  readonly writer: WriterThread;
  /** The threads end with the last stream that uses them. */
  release(): Promise<void>;
}

export class Threads {
  readonly #parts: ThreadsParts;
  readonly #listeners = new Set<(head: PageHead) => void>();
  #open: Pick<ThreadUse, 'fetchPool' | 'writer'> | null = null;

  constructor(parts: ThreadsParts) {
    this.#parts = parts;
  }

  /** @param onHead told of the heads of all pages, also of other streams */
  use(onHead: (head: PageHead) => void): ThreadUse {
    this.#listeners.add(onHead);
    const open = this.#open ?? this.#start();
    this.#open = open;
    return {
      ...open,
      release: async () => {
        if (!this.#listeners.delete(onHead) || this.#listeners.size > 0) return;
        this.#open = null;
        await Promise.all([open.fetchPool.close(), open.writer.close()]);
      },
    };
  }

  #start(): Pick<ThreadUse, 'fetchPool' | 'writer'> {
    const { context, source, database } = this.#parts;
    const { config } = context;
    spareFullCollections(config.pageLimit ?? source.spec.pageLimitMax);
    const fetchPool = new FetchPool({
      source: source.sourceSpec,
      settings: fetchSettings(source, config),
      threads: config.fetchThreads,
      onHead: (head) => {
        for (const tell of this.#listeners) tell(head);
      },
    });
    return { fetchPool, writer: new WriterThread(database.variables) };
  }
}
