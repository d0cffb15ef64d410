/** Advisory locks of a database session: the statements, and how their holder shows that it lives. */
import type { Pool, PoolClient } from 'pg';

/** $1: the name of the lock. */
export const tryLock = (isShared: boolean): string =>
  `SELECT pg_try_advisory_lock${isShared ? '_shared' : ''}(hashtextextended($1, 0)) AS "isTaken",
     pg_backend_pid() AS session`;

// pg_locks shows the 64-bit key as its two halves, classid and objid.
/** $1: the name of the lock. */
export const HOLDERS = `
  FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
  WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND ((l.classid::bigint << 32) | l.objid::bigint) = hashtextextended($1, 0)`;

/**
 * A small statement now and then: it shows to others that the holder lives, and to the holder that its connection
 * is lost, by the end of that.
 *
 * @returns a function that ends it
 */
export function probe(connection: Pick<PoolClient, 'query'> | Pool, everyMs: number): () => void {
  let isAsked = false;
  const timer = setInterval(() => {
    if (isAsked) return;
    isAsked = true;
    connection.query('SELECT 1').then(
      () => {
        isAsked = false;
      },
      () => clearInterval(timer),
    );
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
