import { beforeEach, expect, test } from 'vitest';
import { withTableReader } from '../../src/database/verify/table-reader.js';
import { verifyRun } from '../../src/database/verify/verify-run.js';
import { usePostgres } from '../support/postgres.js';

const database = usePostgres();
const ROWS = 20_000;

beforeEach(async () => {
  await database.pool.query('TRUNCATE ingested_events');
  await database.pool.query(
    `INSERT INTO ingested_events
     SELECT gen_random_uuid(), CASE WHEN i % 10 > 0 THEN to_timestamp(i) END, '{}'
     FROM generate_series(1, $1) AS i`,
    [ROWS],
  );
});

test('every row comes once, and the connection goes on as before', async () => {
  let sumMs = 0;
  let untimed = 0;
  await withTableReader(database.pool, async (reader) => {
    const rowsRead = await reader.streamRows(({ rowCount, occurredAtMs }) => {
      for (const ms of occurredAtMs.subarray(0, rowCount)) {
        if (Number.isNaN(ms)) untimed++;
        else sumMs += ms;
      }
    });
    expect(rowsRead).toBe(ROWS);
    const { rows } = await reader.ask((client) => client.query('SELECT 1 AS one'));
    expect(rows).toEqual([{ one: 1 }]);
    expect(await reader.streamRows(() => {})).toBe(ROWS);
  });
  const { rows } = await database.pool.query<{ ms: number; untimed: number }>(
    `SELECT (sum(extract(epoch FROM occurred_at)) * 1000)::float8 AS ms,
       count(*) FILTER (WHERE occurred_at IS NULL)::int AS untimed FROM ingested_events`,
  );
  expect({ ms: sumMs, untimed }).toEqual(rows[0]);
});

test('rows that are written meanwhile are not seen: it is one snapshot', async () => {
  await withTableReader(database.pool, async (reader) => {
    await reader.ask((client) => client.query('SELECT count(*) FROM ingested_events'));
    await database.pool.query('DELETE FROM ingested_events');
    expect(await reader.streamRows(() => {})).toBe(ROWS);
  });
});

test('a database that refuses is told as its fault', async () => {
  await database.pool.query('ALTER TABLE ingested_events RENAME TO hidden');
  try {
    const reading = withTableReader(database.pool, (reader) => reader.streamRows(() => {}));
    await expect(reading).rejects.toMatchObject({
      fault: { code: 'DATABASE_REFUSED', message: expect.stringContaining('42P01') },
    });
  } finally {
    await database.pool.query('ALTER TABLE hidden RENAME TO ingested_events');
  }
});

test('a connection that is cut in the middle is told as its fault', async () => {
  const reading = withTableReader(database.pool, async (reader) => {
    const { rows } = await reader.ask((client) =>
      client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid'),
    );
    // Waited for: the cut must come before the statement, however fast the rows are.
    await database.pool.query('SELECT pg_terminate_backend($1, 5000)', [rows[0]?.pid]);
    await reader.streamRows(() => {});
  });
  await expect(reading).rejects.toMatchObject({ fault: { code: 'DATABASE_UNAVAILABLE' } });
});

test('what a receiver of rows throws is thrown as it is, and the pool stays usable', async () => {
  const bug = new Error('a bug');
  const reading = withTableReader(database.pool, (reader) =>
    reader.streamRows(() => {
      throw bug;
    }),
  );
  await expect(reading).rejects.toBe(bug);
  expect((await database.pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
});

test('a run that the ledger does not have is null', async () => {
  expect(await verifyRun(database.pool, { run: 4711 })).toBeNull();
});
