/** Work within one transaction, over one connection: that which reads one snapshot, and that which writes. */
import type { ClientBase, Pool } from 'pg';
import { permitSilence } from '../postgres/client.js';
import { asIngestionError } from './connect.js';

/** A process that is frozen within one would keep all others from what it has changed. */
const BEGIN_CHANGE = 'BEGIN; SET LOCAL idle_in_transaction_session_timeout TO 10000';
const BEGIN_SNAPSHOT = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

/** Reads one snapshot. @throws IngestionError with the fault of the database; what `use` throws */
export function inSnapshot<T>(pool: Pool, use: (client: ClientBase) => Promise<T>): Promise<T> {
  return within(pool, BEGIN_SNAPSHOT, use);
}

/** All or nothing. @throws IngestionError with the fault of the database; what `use` throws */
export function inTransaction<T>(pool: Pool, use: (client: ClientBase) => Promise<T>): Promise<T> {
  return within(pool, BEGIN_CHANGE, use);
}

async function within<T>(
  pool: Pool,
  begin: string,
  use: (client: ClientBase) => Promise<T>,
): Promise<T> {
  const client = await asked(pool.connect());
  let isUsable = false;
  try {
    await asked(client.query(begin));
    const result = await use(client);
    await asked(client.query('COMMIT'));
    isUsable = true;
    return result;
  } catch (error) {
    permitSilence(client, null);
    isUsable = await isRolledBack(client);
    throw error;
  } finally {
    permitSilence(client, null);
    // Its transaction may still be open: closing it ends that.
    client.release(!isUsable);
  }
}

/** Rather than to close the connection, which may hold the plan lock. */
function isRolledBack(client: ClientBase): Promise<boolean> {
  return client.query('ROLLBACK').then(
    () => true,
    () => false,
  );
}

/** What the database answers. @throws IngestionError with its fault */
export async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw asIngestionError(error);
  }
}
