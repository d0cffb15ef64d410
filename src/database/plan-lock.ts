/**
 * The plan lock: one process at a time finds out what is to be walked of a stream, or puts the end of its run
 * on record. Those that come at the same instant then find the run that the first has begun.
 *
 *   waiting ──the holder is done, dies, or shows no life for its lease──▶ held ──▶ work ──▶ done
 *      ▲                                                                   │
 *      └──────── the session is lost: all of it again, while the patience lasts
 *
 * The work is done over the session that holds the lock, and over no other: once that is ended, nothing of it can be
 * written any more, and the lock is free only when what was under way is. So a process that was frozen, and wakes up,
 * writes nothing behind its successor's back, and what it did counts only if the session was there to the end.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { type Fault, IngestionError } from '../core/fault.js';
import { LONG_SILENCE_MS } from '../postgres/client.js';
import { HOLDERS, probe, tryLock } from './advisory-lock.js';
import { openPool } from './connect.js';
import type { StreamKey } from './ledger-types.js';
import type { Patience } from './patience.js';
import { asked } from './transaction.js';

/** A plan over many pages, or their removal, takes its time: one of its statements at most so long. */
const PATIENCE_MS = LONG_SILENCE_MS;
const POLL_MS = 50;
/** How often the holder shows that it lives, and others look whether it does. */
const BEAT_MS = 1_000;

// The lease of a session is that of its process, and stands in its name: sessions of a version that shows no life
// have another one, and are left alone. One whose statement runs is alive, unless its answer is not fetched.
const NAME = 'datasync-plan, lease';
const LEASE = `substring(a.application_name FROM '^${NAME} ([0-9]+) ms$')::integer * interval '1 millisecond'`;
const UNFETCHED = "interval '60 seconds'";

/** $2: a session of ours whose connection was lost: the server may not know that yet; null: there is none. */
const END_FROZEN = `
  SELECT a.pid, pg_terminate_backend(a.pid) ${HOLDERS}
    AND a.usename = current_user AND a.pid <> pg_backend_pid()
    AND (a.pid = $2::integer AND ${LEASE} IS NOT NULL
      OR a.state_change < clock_timestamp() - ${LEASE} AND (a.state <> 'active'
        OR a.wait_event_type = 'Client' AND a.state_change < clock_timestamp() - ${UNFETCHED}))`;

// It holds no other lock.
const UNLOCK = 'SELECT pg_advisory_unlock_all()';

export interface PlanLockSettings {
  readonly connectionString: string;
  /** For how long lost sessions are followed by another one, and a database that is away is waited for. */
  readonly patience: Patience;
  /** How long others leave the lock to this process though it shows no life, in ms. */
  readonly leaseMs: number;
  /** How long the server may be silent to a statement, in ms. @default as a pool has it */
  readonly silenceMs?: number;
  /** How long another process that lives may plan, in ms. @default 600000 */
  readonly heldForMs?: number;
  /** Told when the session of a holder was ended that showed no life. */
  readonly onFrozen?: () => void;
}

/** The session that holds the lock. What is written under the lock goes over it. */
export interface PlanSession {
  /** Of its one connection. */
  readonly pool: Pool;
  /** For what can pass within the session. */
  readonly patience: Patience;
}

/**
 * @param work done again where the session is lost meanwhile: it must bear that
 * @throws IngestionError with the fault of the database, or when another process plans for too long; what `work` throws
 */
export async function withPlanLock<T>(
  stream: StreamKey,
  settings: PlanLockSettings,
  work: (session: PlanSession) => Promise<T>,
): Promise<T> {
  let predecessor: number | null = null;
  const turn = async (): Promise<Turn<T>> => {
    const lock = new PlanLock(stream, settings);
    try {
      const refusal = await lock.take(predecessor);
      if (refusal !== null) return { thrown: new IngestionError(refusal) };
      predecessor = lock.session;
      const value = await work(lock);
      await lock.giveBack();
      return { value };
    } catch (error) {
      if (isWorthAgain(error)) throw error;
      return { thrown: error };
    } finally {
      await lock.end();
    }
  };
  const done = await settings.patience.during(turn);
  if ('thrown' in done) throw done.thrown;
  return done.value;
}

/** `thrown`: what would not be otherwise the next time. */
type Turn<T> = { readonly value: T } | { readonly thrown: unknown };

function isWorthAgain(error: unknown): boolean {
  return error instanceof IngestionError && error.fault.retryable;
}

class PlanLock implements PlanSession {
  readonly pool: Pool;
  readonly patience: Patience;
  readonly #name: string;
  readonly #stream: string;
  readonly #settings: PlanLockSettings;
  #session: number | null = null;
  #stopBeating = (): void => {};

  constructor({ source, stream, origin }: StreamKey, settings: PlanLockSettings) {
    this.#name = `datasync-ingestion plan ${source}/${stream} ${origin}`;
    this.#stream = stream;
    this.#settings = settings;
    const { connectionString, leaseMs, silenceMs } = settings;
    let isUsed = false;
    let isLost = false;
    this.patience = settings.patience.ofPart(() => !isLost);
    this.pool = openPool(connectionString, {
      max: 1,
      applicationName: `${NAME} ${leaseMs} ms`,
      ...(silenceMs === undefined ? {} : { silenceMs }),
      async onConnect() {
        isLost = isUsed;
        if (isLost) throw new IngestionError(LOST);
        isUsed = true;
      },
    });
  }

  /** The process of the server that holds it; null: it is not held yet. */
  get session(): number | null {
    return this.#session;
  }

  /** @returns why it cannot be had; null: it is held @throws IngestionError with the fault of the database */
  async take(predecessor: number | null): Promise<Fault | null> {
    const { heldForMs = PATIENCE_MS } = this.#settings;
    const sinceMs = performance.now();
    let looks = 0;
    while (!(await this.#tries())) {
      const waitedMs = performance.now() - sinceMs;
      if (waitedMs >= heldForMs) return heldTooLong(this.#stream, heldForMs);
      if (waitedMs >= looks * BEAT_MS) {
        looks++;
        await this.#endFrozen(predecessor);
      }
      await delay(POLL_MS);
    }
    this.#stopBeating = probe(this.pool, BEAT_MS);
    return null;
  }

  async #tries(): Promise<boolean> {
    type Row = { isTaken: boolean; session: number };
    const [row] = (await asked(this.pool.query<Row>(tryLock(false), [this.#name]))).rows;
    if (row?.isTaken !== true) return false;
    this.#session = row.session;
    return true;
  }

  async #endFrozen(predecessor: number | null): Promise<void> {
    const values = [this.#name, predecessor];
    const { rows } = await asked(this.pool.query<{ pid: number }>(END_FROZEN, values));
    if (rows.some(({ pid }) => pid !== predecessor)) this.#settings.onFrozen?.();
  }

  /** @throws IngestionError, where it was lost */
  async giveBack(): Promise<void> {
    this.#stopBeating();
    await asked(this.pool.query(UNLOCK));
  }

  /** Its session with it. */
  async end(): Promise<void> {
    this.#stopBeating();
    await this.pool.end();
  }
}

const LOST: Fault = {
  code: 'DATABASE_UNAVAILABLE',
  message: 'the database session that holds the plan lock is lost',
  retryable: true,
  remedy: 'Look into the log of PostgreSQL for what ends its sessions, then start again',
};

function heldTooLong(stream: string, forMs: number): Fault {
  return {
    code: 'DATABASE_CONFLICT',
    message: `another member plans the run of ${stream} for more than ${forMs / 1000} s`,
    retryable: true,
    remedy: 'Start again; a process that is frozen there has to be ended first',
  };
}
