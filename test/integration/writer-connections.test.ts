/** The number of the writer's connections, where it is left to the writer. */
import { beforeEach, expect, test } from 'vitest';
import { startLatencyProxy } from '../../bench/latency-proxy.js';
import type { WriterNews } from '../../src/protocol/writer-messages.js';
import { createWriter } from '../../workers/writer/writer.js';
import { usePostgres } from '../support/postgres.js';
import { committed, countOf, resetTables } from '../support/writer-database.js';
import { testPage, testRows, writerSettings } from '../support/writer-pages.js';

const database = usePostgres();
beforeEach(() => resetTables(database.pool));

const PAGES = 60;

/** Writes all pages at once. @returns the numbers of connections that it went through */
async function writeAll(connectionString: string): Promise<number[]> {
  const counts: number[] = [];
  const writer = createWriter();
  const settings = writerSettings(connectionString, { connectionsMax: 'auto' });
  const listener = (news: WriterNews): void => {
    if (news.type === 'connections') counts.push(news.count);
  };
  expect(await writer.open(settings, listener)).toBeNull();
  const results = await Promise.all(
    Array.from({ length: PAGES }, (_, page) =>
      writer.write(testPage(testRows(5, 5 * page), { page })),
    ),
  );
  for (const result of results) committed(result);
  await writer.drain();
  expect(await countOf(database.pool, 'ingested_events')).toBe(5 * PAGES);
  return counts;
}

test('grows one by one to its bound where the way takes longer than the work', async () => {
  const proxy = await startLatencyProxy(database.connectionString, 200);
  expect(await writeAll(proxy.connectionString)).toEqual([3, 4, 5, 6, 7, 8]);
  await proxy.close();
});

test('falls back, and writes every page, where the server has no more connections', async () => {
  await database.pool.query("CREATE ROLE narrow LOGIN PASSWORD 'narrow' CONNECTION LIMIT 3");
  await database.pool.query(
    `GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO narrow;
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO narrow`,
  );
  const url = new URL(database.connectionString);
  url.username = 'narrow';
  url.password = 'narrow';
  const proxy = await startLatencyProxy(url.href, 200);
  try {
    const counts = await writeAll(proxy.connectionString);
    expect(Math.max(...counts)).toBeGreaterThan(3);
    expect(counts.at(-1)).toBe(3);
  } finally {
    await proxy.close();
    await database.pool.query('DROP OWNED BY narrow; DROP ROLE narrow');
  }
});
