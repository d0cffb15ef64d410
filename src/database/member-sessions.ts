/**
 * The sessions in which a member writes its pages. They bear its name, so that whoever takes over what a dead one
 * held can end them: a member that was frozen, or cut off, in the middle of a page leaves a transaction that no
 * timeout of the server ends, and behind which the segment cannot be had.
 */
import type { Holder } from './segment-store.js';

const PREFIX = 'datasync-writer run ';

/** Shown in pg_stat_activity. */
export function writerSessionName({ run, epoch }: Holder): string {
  return `${PREFIX}${run} member ${epoch}`;
}

/**
 * Ends those of dead members. Sessions of another role are left alone: who may not end them would fail.
 *
 * @param dead an SQL query of `run` and `epoch`
 */
export const endSessionsOf = (dead: string): string => `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE usename = current_user AND datname = current_database() AND application_name IN (
    SELECT '${PREFIX}' || run || ' member ' || epoch FROM (${dead}) AS dead)`;
