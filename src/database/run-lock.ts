/**
 * One ingestion, exploration or retry of the quarantine at a time over a source and origin: an advisory
 * lock of a database session. Two at once would write over each other's log of request starts, or pages.
 *
 * It lives as long as its connection: a killed program frees it by dying. So the connection is kept
 * open and watched, and its loss is reported, for from then on another instance may start.
 */
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { type Fault, IngestionError } from '../core/fault.js';
import { permitSilence } from '../postgres/client.js';
import { faultFromDatabaseError } from '../postgres/sql-fault.js';
import { HOLDERS, probe, tryLock } from './advisory-lock.js';
import { asIngestionError } from './connect.js';
import type { StreamKey } from './ledger-types.js';

/**
 * The session of a program that was just killed ends when its server process next looks at the
 * socket, at the latest after the page that it was committing. A restart at once must not fail.
 */
const PATIENCE_MS = 3_000;
const POLL_MS = 100;
/**
 * An idle connection that is lost tells nobody: who holds the lock asks for it. A server that is at work
 * answers within `ANSWER_MS`; a lock that is lost by mistake is only taken again.
 */
const PROBE_EVERY_MS = 2_000;
const ANSWER_MS = 5_000;
/** PostgreSQL cuts a longer name. */
const NAME_BYTES_MAX = 63;

const unlock = (isShared: boolean): string =>
  `SELECT pg_advisory_unlock${isShared ? '_shared' : ''}(hashtextextended($1, 0))`;

const FIND_HOLDER = `
  SELECT a.pid, a.application_name AS "applicationName", host(a.client_addr) AS address,
    to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since,
    l.mode = 'ShareLock' AS "isShared"
  ${HOLDERS} ORDER BY a.backend_start LIMIT 1`;

const END_PREDECESSOR = `
  SELECT pg_terminate_backend(a.pid) ${HOLDERS} AND a.pid = $2 AND a.application_name = $3`;

const END_FROZEN = `
  SELECT pg_terminate_backend(a.pid) AS "isEnded" ${HOLDERS} AND a.application_name LIKE $3
    AND a.backend_start < (SELECT max(renewed_at) FROM ingestion_members WHERE run = $2)
    AND NOT EXISTS (
      SELECT FROM ingestion_members WHERE run = $2 AND lease_until > clock_timestamp())`;

// A machine that lost its power says no good-bye. The server finds that out by itself within a
// minute instead of two hours.
const WATCH_CLIENT =
  'SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3';

const NAME_SESSION = "SELECT pg_backend_pid() AS pid, set_config('application_name', $1, false)";

/** What is done under the lock; the name of its session begins so. */
export type LockedActivity = 'ingestion' | 'exploration' | 'retry';

export interface RunLockSettings {
  /** @default ingestion */
  readonly activity?: LockedActivity;
  /** Members of a run may all hold it, but nobody else beside them. @default false */
  readonly isShared?: boolean;
  /** How long a lock that is held is waited for, in ms. @default 3000 */
  readonly patienceMs?: number;
  /** Called once, when the connection that holds the lock is lost. Not after `release`. */
  readonly onLost?: (fault: Fault) => void;
  /**
   * The session of a lock of ours whose connection was lost. Where the network broke it, the server
   * may not know for a minute yet, and the lock would be refused on account of ourselves.
   */
  readonly predecessor?: number;
  /** How often the held lock's connection is tried, in ms. @default 2000 */
  readonly probeEveryMs?: number;
  /** How long the server may be silent to a statement of the lock, in ms. @default 5000 */
  readonly answerMs?: number;
}

export interface RunLock {
  /** The process of the server that holds it. */
  readonly session: number;
  /** Queries its session. If that is lost, `onLost` has been called when this resolves. */
  check(): Promise<void>;
  /** Gives the lock and its connection back. */
  release(): Promise<void>;
}

/** The session that holds a lock. */
export interface Holder {
  readonly pid: number;
  readonly applicationName: string;
  readonly address: string | null;
  /** ISO 8601, UTC. */
  readonly since: string;
  /** Other members may hold it too. */
  readonly isShared: boolean;
}

/** Of members that hold it together the first. @returns null when nobody ingests from the source and origin @throws IngestionError */
export async function findLockHolder(pool: Pool, stream: StreamKey): Promise<Holder | null> {
  const holder = await findHolder(pool, stream);
  return holder !== null && activityOf(holder) === 'ingestion' ? holder : null;
}

async function findHolder(pool: Pool, stream: StreamKey): Promise<Holder | null> {
  try {
    const { rows } = await pool.query<Holder>(FIND_HOLDER, [lockName(stream)]);
    return rows[0] ?? null;
  } catch (error) {
    throw asIngestionError(error);
  }
}

/**
 * Ends the sessions that hold the lock of an ingestion, where all members of its run have let their leases lapse.
 * A session that is younger than the last renewal is left alone: its process has not joined yet, and may be planning.
 *
 * @returns whether there was one @throws IngestionError
 */
export async function endFrozenHolders(
  pool: Pool,
  stream: StreamKey,
  run: number,
): Promise<boolean> {
  try {
    const values = [lockName(stream), run, `${sessionPrefix('ingestion')}%`];
    const { rows } = await pool.query<{ isEnded: boolean }>(END_FROZEN, values);
    return rows.some(({ isEnded }) => isEnded);
  } catch (error) {
    throw asIngestionError(error);
  }
}

/** For who needs the lock only later. @throws IngestionError, ALREADY_RUNNING, while another has it */
export async function requireUnlocked(pool: Pool, stream: StreamKey): Promise<void> {
  const holder = await findHolder(pool, stream);
  if (holder !== null) throw new IngestionError(heldBy(holder, 'ingestion'));
}

/**
 * Takes the lock. It holds one connection of the pool until it is released.
 *
 * @throws IngestionError, ALREADY_RUNNING naming the holder, when another instance has it
 */
export async function acquireRunLock(
  pool: Pool,
  stream: StreamKey,
  settings: RunLockSettings = {},
): Promise<RunLock> {
  const { activity = 'ingestion', patienceMs = PATIENCE_MS, onLost, predecessor } = settings;
  const { isShared = false } = settings;
  const name = lockName(stream);
  const instance = instanceName(activity);
  const client = await pool.connect().catch((error: unknown) => {
    throw asIngestionError(error);
  });
  permitSilence(client, settings.answerMs ?? ANSWER_MS);
  let phase: 'taking' | 'held' | 'lost' | 'released' = 'taking';
  // While the lock is being taken, the failing query tells of the loss.
  const onEnd = (error: Error): void => {
    if (phase !== 'held') return;
    phase = 'lost';
    onLost?.(faultFromDatabaseError(error));
  };
  client.on('error', onEnd);
  client.on('end', () => onEnd(new Error('Connection terminated')));
  let session: number;
  try {
    await client.query(WATCH_CLIENT);
    const named = await client.query<{ pid: number }>(NAME_SESSION, [instance]);
    session = named.rows[0]?.pid ?? 0;
    if (predecessor !== undefined) {
      await client.query(END_PREDECESSOR, [name, predecessor, instance]);
    }
    await takeLock(client, name, { activity, patienceMs, isShared });
  } catch (error) {
    client.release(true);
    throw asIngestionError(error);
  }
  phase = 'held';
  const stopProbing = probe(client, settings.probeEveryMs ?? PROBE_EVERY_MS);
  return {
    session,
    async check() {
      if (phase === 'held') await client.query('SELECT 1').catch(onEnd);
    },
    async release() {
      if (phase === 'released') return;
      const isHeld = phase === 'held';
      phase = 'released';
      stopProbing();
      if (isHeld) await client.query(unlock(isShared), [name]).catch(() => {});
      // Closed rather than reused: its settings are those of the lock.
      client.release(true);
    },
  };
}

/** As versions with one stream named it, where there is one. */
function lockName({ source, stream, origin }: StreamKey): string {
  const work = stream === 'events' ? source : `${source}/${stream}`;
  return `datasync-ingestion ${work} ${origin}`;
}

async function takeLock(
  client: PoolClient,
  name: string,
  {
    activity,
    patienceMs,
    isShared,
  }: Required<Pick<RunLockSettings, 'activity' | 'patienceMs' | 'isShared'>>,
): Promise<void> {
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    const { rows } = await client.query<{ isTaken: boolean }>(tryLock(isShared), [name]);
    if (rows[0]?.isTaken === true) return;
    if (performance.now() >= deadlineMs) break;
    await delay(POLL_MS);
  }
  const { rows } = await client.query<Holder>(FIND_HOLDER, [name]);
  throw new IngestionError(heldBy(rows[0] ?? null, activity));
}

/** @param wanted for which the lock was to be taken */
function heldBy(holder: Holder | null, wanted: LockedActivity): Fault {
  const who =
    holder === null
      ? 'another instance'
      : `${holder.applicationName || 'another program'} (database session ${holder.pid}, since ${holder.since}${holder.address === null ? '' : `, from ${holder.address}`})`;
  const activity = holder === null ? 'ingestion' : activityOf(holder);
  const why = [activity, wanted].includes('retry')
    ? 'two at once would change the same pages'
    : 'two at once would spend the same limit twice';
  const mayJoin = wanted === 'ingestion' && holder?.isShared === true;
  return {
    code: 'ALREADY_RUNNING',
    message: `${HELD_FOR[activity]} by ${who}`,
    retryable: false,
    remedy: `${mayJoin ? 'Join it with --redis, wait' : 'Wait'} until it ends, or stop it; ${why}`,
  };
}

const HELD_FOR: Readonly<Record<LockedActivity, string>> = {
  ingestion: 'this ingestion is already being run',
  exploration: 'this API is being explored',
  retry: 'records of this stream in quarantine are being tried again',
};

/** A program whose session has another name has locked it as versions before did. */
function activityOf({ applicationName }: Holder): LockedActivity {
  const others = ['exploration', 'retry'] as const;
  return others.find((one) => applicationName.startsWith(sessionPrefix(one))) ?? 'ingestion';
}

function sessionPrefix(activity: LockedActivity): string {
  return `datasync-${activity} `;
}

/** Names this process for whoever is refused: the host and the process number. */
function instanceName(activity: LockedActivity): string {
  const name = `${sessionPrefix(activity)}process ${process.pid} on ${hostname()}`;
  return Buffer.from(name).subarray(0, NAME_BYTES_MAX).toString();
}
