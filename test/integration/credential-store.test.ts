import { expect, test } from 'vitest';
import { openPool } from '../../src/database/connect.js';
import { openCredentialStore } from '../../src/database/credential-store.js';
import { usePostgres } from '../support/postgres.js';
import { refusalOf } from '../support/refusal.js';

const database = usePostgres();
const storeOf = (source: string, clientId: string) =>
  openCredentialStore(database.pool, { source, clientId });

test('a refresh token is there for the next process, the newest one', async () => {
  expect(await storeOf('crm', 'a').load()).toBeNull();
  await storeOf('crm', 'a').save('r-1');
  await storeOf('crm', 'a').save('r-2');
  expect(await storeOf('crm', 'a').load()).toBe('r-2');
});

test('each source and client has its own', async () => {
  await storeOf('shop', 'a').save('r-shop-a');
  await storeOf('shop', 'b').save('r-shop-b');
  expect(await storeOf('shop', 'a').load()).toBe('r-shop-a');
  expect(await storeOf('shop', 'b').load()).toBe('r-shop-b');
  expect(await storeOf('other', 'a').load()).toBeNull();
});

test('of two that are saved at the same time one stays, whole', async () => {
  await Promise.all([storeOf('both', 'a').save('r-1'), storeOf('both', 'a').save('r-2')]);
  expect(await storeOf('both', 'a').load()).toMatch(/^r-[12]$/);
});

test('the later one stays though the clock was set back in between', async () => {
  await storeOf('clock', 'a').save('r-1');
  await database.pool.query(
    `UPDATE ingestion_credentials SET written_at = now() + interval '1 day' WHERE source = 'clock'`,
  );
  await storeOf('clock', 'a').save('r-2');
  expect(await storeOf('clock', 'a').load()).toBe('r-2');
});

test('a database that refuses is a fault, without the token in it', async () => {
  const url = new URL(database.connectionString);
  url.searchParams.set('options', '-c default_transaction_read_only=on');
  const pool = openPool(url.href, { max: 1, applicationName: 'datasync-read-only' });
  const store = openCredentialStore(pool, { source: 'crm', clientId: 'a' });
  try {
    const { fault } = await refusalOf(store.save('r-secret'));
    expect(fault.code).toBe('DATABASE_REFUSED');
    expect(JSON.stringify(fault)).not.toContain('r-secret');
  } finally {
    await pool.end();
  }
});
