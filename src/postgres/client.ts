/**
 * Connections to PostgreSQL, as every part of the program makes them: no wait on one is without an end.
 *
 *   connecting ──CONNECT_TIMEOUT_MS──▶ broken
 *   statement sent ──nothing comes for `silenceMs`──▶ broken, and the statement fails
 *   longer silence permitted ──each `silenceMs` a new connection asks──no answer──▶ broken
 *   goodbye said ──the server does not close──▶ closed by us after GOODBYE_MS
 *
 * A server that is frozen, or a proxy that no longer forwards, keeps its connections open and says
 * nothing, which no timeout of the server or of TCP ends. What counts is silence, not time: a long answer
 * that keeps coming is never cut off, nor is one that this side holds back itself. Where a statement may
 * be silent for long, a server that works is told from one that stands still by whether it answers others.
 */
import './node-navigator.js';
import type { Socket } from 'node:net';
import pg from 'pg';
import { SILENT_CODE } from './sql-fault.js';

// What the driver tells programmers, as of ~/.pgpass, is no line of a user's log.
process.noDeprecation = true;

const CONNECT_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_DELAY_MS = 10_000;
/** As patient as STATEMENT_TIMEOUT is by default. */
const SILENCE_MS = answerDeadlineMs(60_000);
/** Of a statement that works before it says its first word, such as a sort or a migration. */
export const LONG_SILENCE_MS = 600_000;
/** Of a connection that only asks whether the server answers. */
const PROBE_NAME = 'datasync-probe';
/** The server closes a connection at our goodbye within its next wake-up. */
const GOODBYE_MS = 1_000;

/**
 * What the program relies on, whatever the role or the database sets for its sessions. Set after
 * connecting: a pooler such as PgBouncer refuses unknown parameters of the first message.
 */
const SESSION = `SET client_encoding TO 'UTF8'; SET array_nulls TO on; SET extra_float_digits TO 1;
  SET DateStyle TO 'ISO'; SET TimeZone TO 'UTC'`;

/** The server ends a statement after `statementTimeoutMs` itself; one that does not is lost. */
export function answerDeadlineMs(statementTimeoutMs: number): number {
  return statementTimeoutMs * 1.1 + 2_000;
}

export interface ConnectionSettings {
  readonly connectionString: string;
  /** Shown in pg_stat_activity; at most 63 bytes. */
  readonly applicationName: string;
  /** How long the server may say nothing while a statement runs. @default 68000 */
  readonly silenceMs?: number;
  /** A statement that runs longer is ended by the server (57014). @default as the server has it */
  readonly statementTimeoutMs?: number;
  /** @default 10000 */
  readonly connectTimeoutMs?: number;
}

export interface PoolSettings extends ConnectionSettings {
  /** Connections at most. */
  readonly max: number;
  /** After how long without use a connection is closed, in ms; 0: never. */
  readonly idleTimeoutMs: number;
  /** Made ready before its first use, after the session's settings. */
  readonly onConnect?: (client: pg.ClientBase) => Promise<unknown>;
}

/** A pool of such connections; connects to nothing yet. */
export function makePool(settings: PoolSettings): pg.Pool {
  const { max, idleTimeoutMs, onConnect } = settings;
  return new pg.Pool({
    ...clientConfig(settings),
    max,
    idleTimeoutMillis: idleTimeoutMs,
    Client: WatchedClient,
    onConnect: async (client) => {
      await client.query(sessionText(settings));
      await onConnect?.(client);
    },
  });
}

/** One connection for a few statements. @throws what node-postgres throws */
export async function withClient<T>(
  settings: ConnectionSettings,
  use: (client: pg.ClientBase) => Promise<T>,
): Promise<T> {
  const client = new WatchedClient(clientConfig(settings));
  try {
    await client.connect();
    await client.query(sessionText(settings));
    return await use(client);
  } finally {
    await client.end();
  }
}

/**
 * Lets the server be silent for longer, or for no longer than usual again.
 *
 * @param silenceMs null: as the connection was made
 */
export function permitSilence(client: pg.ClientBase, silenceMs: number | null): void {
  if (client instanceof WatchedClient) client.permitSilence(silenceMs);
}

function clientConfig(settings: ConnectionSettings): WatchedConfig {
  return {
    connectionString: settings.connectionString,
    application_name: settings.applicationName,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
    connectionTimeoutMillis: settings.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    ...(settings.silenceMs === undefined ? {} : { silenceMs: settings.silenceMs }),
  };
}

function sessionText({ statementTimeoutMs }: ConnectionSettings): string {
  if (statementTimeoutMs === undefined) return SESSION;
  return `${SESSION}; SET statement_timeout TO ${Math.round(statementTimeoutMs)}`;
}

interface WatchedConfig extends pg.ClientConfig {
  readonly silenceMs?: number;
}

type Phase = 'idle' | 'asking' | 'leaving';

interface Silence {
  /** Monotonic, ms. */
  readonly sinceMs: number;
  /** Bytes of the connection before it. */
  readonly bytesRead: number;
}

type AnyCall = (...args: unknown[]) => unknown;

class WatchedClient extends pg.Client {
  readonly #config: WatchedConfig;
  readonly #usualMs: number;
  #silenceMs: number;
  /** While longer silence is permitted. */
  #silence: Silence | null = null;
  #phase: Phase = 'idle';
  #watched: Socket | null = null;

  constructor(config?: WatchedConfig) {
    super(config);
    this.#config = config ?? {};
    this.#usualMs = config?.silenceMs ?? SILENCE_MS;
    this.#silenceMs = this.#usualMs;
    // A connection that breaks tells so by the statement that fails. Without a listener, one that
    // breaks between two of them would end the process.
    this.on('error', () => {});
    this.on('drain', () => this.#enter('idle'));
    // Both have many forms, which are handed on as they are.
    const query = this.query.bind(this) as AnyCall;
    const end = this.end.bind(this) as AnyCall;
    this.query = ((...args: unknown[]) => {
      this.#enter('asking');
      return query(...args);
    }) as typeof this.query;
    this.end = ((...args: unknown[]) => {
      this.#enter('leaving');
      return end(...args);
    }) as typeof this.end;
  }

  permitSilence(silenceMs: number | null): void {
    this.#silenceMs = silenceMs ?? this.#usualMs;
    this.#enter(this.#phase);
  }

  #enter(phase: Phase): void {
    if (this.#phase !== 'leaving') this.#phase = phase;
    const stream = this.connection.stream as Socket;
    // With TLS the first one is replaced during the hand-shake.
    if (stream !== this.#watched) stream.on('timeout', () => this.#silent(stream));
    this.#watched = stream;
    this.#silence = null;
    this.#await(stream);
  }

  #await(stream: Socket): void {
    const askingMs = Math.min(this.#silenceMs, this.#usualMs);
    stream.setTimeout({ idle: 0, asking: askingMs, leaving: GOODBYE_MS }[this.#phase]);
  }

  #silent(stream: Socket): void {
    if (this.#phase === 'leaving') stream.destroy();
    // Whoever reads the answer is not ready for more of it.
    else if (stream.isPaused()) this.#enter(this.#phase);
    else {
      // Where this process itself stood still, the answer may be there, and is read first.
      const { bytesRead } = stream;
      setImmediate(() => void this.#judge(stream, bytesRead));
    }
  }

  async #judge(stream: Socket, bytesRead: number): Promise<void> {
    const isSilent = () => this.#phase === 'asking' && stream.bytesRead === bytesRead;
    if (!isSilent()) return;
    if (this.#silenceMs > this.#usualMs) {
      this.#silence = longer(this.#silence, bytesRead, this.#usualMs);
      const { sinceMs } = this.#silence;
      const isAlive = await answers(this.#config, this.#usualMs);
      if (!isSilent()) return;
      const isPermitted = performance.now() - sinceMs < this.#silenceMs;
      if (isAlive && isPermitted) return this.#await(stream);
      if (!isAlive) return void stream.destroy(silence(performance.now() - sinceMs));
    }
    stream.destroy(silence(this.#silenceMs));
  }
}

/** The silence that goes on, or one that began `forMs` ago, after the byte that was the last. */
function longer(before: Silence | null, bytesRead: number, forMs: number): Silence {
  if (before?.bytesRead === bytesRead) return before;
  return { bytesRead, sinceMs: performance.now() - forMs };
}

/** Whether the server, asked over a connection of its own, says anything at all. */
async function answers(config: WatchedConfig, withinMs: number): Promise<boolean> {
  const probe = new WatchedClient({
    ...config,
    application_name: PROBE_NAME,
    connectionTimeoutMillis: Math.min(withinMs, CONNECT_TIMEOUT_MS),
    silenceMs: withinMs,
  });
  try {
    await probe.connect();
    await probe.query('SELECT 1');
    return true;
  } catch (error) {
    // It refuses, as for too many connections: it works.
    return error instanceof pg.DatabaseError;
  } finally {
    // Where it never answered, this waits for no goodbye.
    await probe.end().catch(() => {});
  }
}

function silence(forMs: number): Error {
  const message = `nothing came from the server for ${Math.round(forMs / 100) / 10} s`;
  return Object.assign(new Error(message), { code: SILENT_CODE });
}
