/**
 * The plan lock: one process at a time finds out what is to be walked of a stream, or puts the end of its run
 * on record. Those that come at the same instant then find the run that the first has begun.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { type Fault, IngestionError } from '../core/fault.js';
import { permitSilence } from '../postgres/client.js';
import { asIngestionError } from './connect.js';
import type { StreamKey } from './ledger-types.js';

/** A plan over many pages, or their removal, takes its time. */
const PATIENCE_MS = 120_000;
const POLL_MS = 50;

const TRY_LOCK = 'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS "isTaken"';
const UNLOCK = 'SELECT pg_advisory_unlock(hashtextextended($1, 0))';

/**
 * @param patienceMs how long another process may plan
 * @throws IngestionError with the fault of the database, or when another process plans for too long; what `work` throws
 */
export async function withPlanLock<T>(
  pool: Pool,
  { source, stream, origin }: StreamKey,
  work: () => Promise<T>,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const name = `datasync-ingestion plan ${source}/${stream} ${origin}`;
  const client = await pool.connect().catch((error: unknown) => {
    throw asIngestionError(error);
  });
  let broken: Error | null = null;
  const onEnd = (error: Error): void => {
    broken = error;
  };
  client.on('error', onEnd);
  try {
    permitSilence(client, PATIENCE_MS);
    const deadlineMs = performance.now() + patienceMs;
    for (;;) {
      const { rows } = await client
        .query<{ isTaken: boolean }>(TRY_LOCK, [name])
        .catch((error: unknown) => {
          throw asIngestionError(error);
        });
      if (rows[0]?.isTaken === true) break;
      if (performance.now() >= deadlineMs)
        throw new IngestionError(heldTooLong(stream, patienceMs));
      await delay(POLL_MS);
    }
    const result = await work();
    // Another one may have planned beside it.
    if (broken !== null) throw asIngestionError(broken);
    return result;
  } finally {
    permitSilence(client, null);
    client.off('error', onEnd);
    const isFree = await client.query(UNLOCK, [name]).then(
      () => true,
      () => false,
    );
    client.release(!isFree);
  }
}

function heldTooLong(stream: string, patienceMs: number): Fault {
  return {
    code: 'DATABASE_CONFLICT',
    message: `another member plans the run of ${stream} for more than ${patienceMs / 1000} s`,
    retryable: true,
    remedy: 'Start again; a process that is frozen there has to be ended first',
  };
}
