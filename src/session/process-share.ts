/** What the streams of one process share: limits, threads, bytes, signals, and numbers for their tasks. */
import { CreditPool } from '../core/credit-pool.js';
import type { Patience } from '../database/patience.js';
import { openRunStore } from '../database/run-store.js';
import { JoinedProgress } from '../observe/joined-progress.js';
import { CONNECTIONS_MAX, type WriterSettings } from '../protocol/writer-messages.js';
import { BufferPool } from '../runtime/buffer-pool.js';
import type { SessionContext } from './context.js';
import { Drains } from './drains.js';
import type { OpenDatabase } from './open-database.js';
import { ownLimits, type SessionLimits } from './open-limits.js';
import type { OpenSource } from './open-source.js';
import type { SessionParts } from './session-parts.js';
import { SharedLimits } from './shared-limits.js';
import { Threads } from './threads.js';

export interface ProcessShareParts {
  readonly context: Pick<SessionContext, 'config' | 'isJson'>;
  readonly source: OpenSource;
  readonly database: OpenDatabase;
  /** With a database that is away when starts are reserved. */
  readonly patience: Patience;
  /** All that it will come to. */
  readonly streams: readonly string[];
  /** Of these under way at once, at most. */
  readonly atOnce: number;
}

export class ProcessShare {
  readonly threads: Threads;
  readonly drains = new Drains();
  readonly credits: CreditPool;
  readonly buffers: BufferPool;
  /** One line for all on a terminal; null: there is one stream, or nothing to show it on. */
  readonly joinedProgress: JoinedProgress | null;
  readonly #parts: ProcessShareParts;
  /** Null: there is one stream. */
  readonly #limits: SharedLimits | null;
  #tasks = 0;

  constructor(parts: ProcessShareParts) {
    const { context, source, database, patience } = parts;
    const streams = parts.streams.map((stream) => source.of(stream));
    const { creditBytes, concurrency } = context.config;
    this.#parts = parts;
    this.threads = new Threads(parts);
    this.credits = new CreditPool(creditBytes);
    this.buffers = new BufferPool(creditBytes);
    const isShown = streams.length > 1 && process.stderr.isTTY && !context.isJson;
    this.joinedProgress = isShown ? new JoinedProgress(process.stderr) : null;
    const store = openRunStore(database.pool, { patience });
    this.#limits = streams.length === 1 ? null : new SharedLimits({ store, concurrency, streams });
  }

  /** The limits of one of them. @param wake see `StartTurns.join` @throws IngestionError */
  limits(
    parts: Pick<SessionParts, 'context' | 'source' | 'store'>,
    wake: () => void,
  ): Promise<SessionLimits> {
    return this.#limits === null ? ownLimits(parts) : this.#limits.join(parts, wake);
  }

  /** A number that no other task of the process has. */
  readonly nextTaskId = (): number => ++this.#tasks;

  /** Connections of one stream's writer: its part of those of all. */
  get writerConnections(): Pick<WriterSettings, 'connectionsMax' | 'autoMax'> {
    const { context, atOnce } = this.#parts;
    const { writerConnections } = context.config;
    if (writerConnections !== 'auto') return { connectionsMax: partOf(writerConnections, atOnce) };
    return { connectionsMax: 'auto', autoMax: partOf(CONNECTIONS_MAX, atOnce) };
  }
}

function partOf(whole: number, parts: number): number {
  return Math.max(1, Math.floor(whole / parts));
}
