/** Keeps a run from getting on with its commits, so that it does not end while a test looks at it. */
import pg from 'pg';

/**
 * @param use is given a function: from when that has resolved until `use` has, no page commits, so no
 *   run ends that has one left. What only reads passes; a run that starts does not, for its writer
 *   prepares its statements first
 * @returns what `use` returns
 */
export async function holdingCommits<T>(
  { connectionString }: { readonly connectionString: string },
  use: (hold: () => Promise<void>) => Promise<T>,
): Promise<T> {
  // Connected by now, so that the lock is there soon after it is asked for.
  const client = new pg.Client({ connectionString, application_name: 'datasync-test' });
  await client.connect();
  try {
    const result = await use(async () => {
      await client.query('BEGIN; LOCK TABLE ingested_events IN SHARE MODE');
    });
    await client.query('ROLLBACK');
    return result;
  } finally {
    await client.end();
  }
}
