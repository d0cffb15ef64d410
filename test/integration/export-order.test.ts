/** How PostgreSQL comes to the ids in their order. */
import { expect, test } from 'vitest';
import { SORT_UNLESS_VACUUMED } from '../../src/database/export/export-sql.js';
import { environmentFor, useEmptyTables, useSimulator } from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';

const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();

test('ids are sorted until a vacuum has seen the table; then its index is read', async () => {
  const simulator = await simulate({ events: 5_000 });
  await folder.run(['ingest', '--json'], environmentFor(simulator, database));
  const client = await database.pool.connect();
  const indexScans = async (): Promise<string> => {
    await client.query('BEGIN');
    await client.query(SORT_UNLESS_VACUUMED);
    const { rows } = await client.query('SHOW enable_indexonlyscan');
    await client.query('ROLLBACK');
    return rows[0].enable_indexonlyscan;
  };
  try {
    expect(await indexScans()).toBe('off');
    await client.query('VACUUM ingested_events');
    expect(await indexScans()).toBe('on');
  } finally {
    client.release();
  }
});
