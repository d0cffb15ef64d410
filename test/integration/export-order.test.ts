/** In which order PostgreSQL gives the ids, and how it comes to it. */
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
    await client.query(SORT_UNLESS_VACUUMED, ['ingested_events']);
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

test('ids come as the rows lie also where the index of the key would be quicker', async () => {
  const simulator = await simulate({ events: 5_000 });
  const environment = environmentFor(simulator, database);
  await folder.run(['ingest', '--json'], environment);
  await database.pool.query('VACUUM (ANALYZE) ingested_events');
  // What a server is told whose disk seeks as quickly as it reads.
  const name = new URL(database.connectionString).pathname.slice(1);
  await database.pool.query(`ALTER DATABASE ${name} SET random_page_cost = 0.01`);
  await database.pool.query(`ALTER DATABASE ${name} SET enable_seqscan = off`);
  const command = ['export-ids', '--order', 'ingested', '--output', '-'];
  const { stdout } = await folder.run(command, environment);
  const lying = await database.pool.query<{ id: string }>(
    'SELECT id FROM ingested_events ORDER BY ctid',
  );
  const ids = lying.rows.map(({ id }) => id);
  expect(ids).not.toEqual(ids.toSorted());
  expect(stdout.trimEnd().split('\n')).toEqual(ids);
});
