/** A transaction is one for all that is done in it, and what breaks it off is told and leaves nothing behind. */
import type { ClientBase, Pool } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openPool } from '../../src/database/connect.js';
import { asked, inSnapshot, inTransaction } from '../../src/database/transaction.js';
import { type CuttingProxy, startCuttingProxy } from '../support/cutting-proxy.js';
import { usePostgres } from '../support/postgres.js';

const database = usePostgres();

const COUNT = 'SELECT count(*)::integer AS count FROM seen';

let proxy: CuttingProxy;
/** Of one connection, which a session that is left open would spoil. */
let pool: Pool;

beforeEach(async () => {
  proxy = await startCuttingProxy(database.connectionString);
  pool = openPool(proxy.connectionString, { max: 1, applicationName: 'datasync-snapshot' });
  await database.pool.query('DROP TABLE IF EXISTS seen; CREATE TABLE seen (n integer)');
});
afterEach(async () => {
  await pool.end();
  await proxy.close();
});

/** Whether the pool's connection is in no transaction: a setting of one would still be in force. */
async function expectUsable(): Promise<void> {
  const { rows } = await pool.query('SHOW transaction_read_only');
  expect(rows).toEqual([{ transaction_read_only: 'off' }]);
  await pool.query('INSERT INTO seen VALUES (7)');
  expect((await database.pool.query(`${COUNT} WHERE n = 7`)).rows).toEqual([{ count: 1 }]);
}

describe('a snapshot', () => {
  test('sees one state, whatever others commit meanwhile', async () => {
    const counts = await inSnapshot(pool, async (client) => {
      const before = await asked(client.query(COUNT));
      await database.pool.query('INSERT INTO seen VALUES (1)');
      const after = await asked(client.query(COUNT));
      return [...before.rows, ...after.rows];
    });
    expect(counts).toEqual([{ count: 0 }, { count: 0 }]);
    expect((await pool.query(COUNT)).rows).toEqual([{ count: 1 }]);
    await expectUsable();
  });

  test('is read in, and not written', async () => {
    const written = inSnapshot(pool, (client) =>
      asked(client.query('INSERT INTO seen VALUES (1)')),
    );
    await expect(written).rejects.toMatchObject({ message: expect.stringContaining('read-only') });
    await expectUsable();
  });

  test('whose connection breaks fails as a database that is away', async () => {
    const cut = proxy.cutAtRequest('SELECT 2');
    const read = inSnapshot(pool, (client) => asked(client.query('SELECT 2')));
    await expect(read).rejects.toMatchObject({ fault: { code: 'DATABASE_UNAVAILABLE' } });
    await cut;
    await expectUsable();
  });

  test('hands on what its work throws as it is', async () => {
    const thrown = new RangeError('not of the database');
    const read = inSnapshot(pool, async (client) => {
      await asked(client.query(COUNT));
      throw thrown;
    });
    await expect(read).rejects.toBe(thrown);
    await expectUsable();
  });
});

describe('a transaction that writes', () => {
  const write = (client: ClientBase) => asked(client.query('INSERT INTO seen VALUES (1)'));
  const seen = async () => (await database.pool.query(COUNT)).rows;

  test('keeps all once its work is done', async () => {
    await inTransaction(pool, async (client) => {
      await write(client);
      expect(await seen()).toEqual([{ count: 0 }]);
    });
    expect(await seen()).toEqual([{ count: 1 }]);
    await expectUsable();
  });

  test('keeps nothing where its work throws', async () => {
    const thrown = new RangeError('not of the database');
    const written = inTransaction(pool, async (client) => {
      await write(client);
      throw thrown;
    });
    await expect(written).rejects.toBe(thrown);
    expect(await seen()).toEqual([{ count: 0 }]);
    await expectUsable();
  });

  test('is ended by the server where its process stands still within', async () => {
    const show = 'SHOW idle_in_transaction_session_timeout';
    const bounds = await inTransaction(pool, async (client) => (await client.query(show)).rows);
    expect(bounds).toEqual([{ idle_in_transaction_session_timeout: '10s' }]);
    expect((await pool.query(show)).rows).not.toEqual(bounds);
  });
});
