import { beforeEach, expect, test } from 'vitest';
import { type AwaitedWriter, startAwaitedWriter } from '../../bench/awaited-writer.js';
import { usePostgres } from '../support/postgres.js';
import { committed, countOf, resetTables } from '../support/writer-database.js';
import { testPage, testRows, writerSettings } from '../support/writer-pages.js';

const database = usePostgres();
beforeEach(() => resetTables(database.pool));

async function withThread(use: (writer: AwaitedWriter) => Promise<void>): Promise<void> {
  const writer = startAwaitedWriter();
  try {
    await use(writer);
  } finally {
    await writer.handle.close();
  }
}

test('buffers move to the writer thread and come back with the result', async () => {
  await withThread(async ({ handle, write }) => {
    expect(await handle.open(writerSettings(database.connectionString))).toBeNull();
    const page = testPage(testRows(1000));
    const { body, columns } = page.batch;
    const sizes = { body: body.byteLength, columns: columns.byteLength };
    const writing = write({ ...page, taskId: 1 });
    expect([body.byteLength, columns.byteLength]).toEqual([0, 0]);
    const result = committed(await writing);
    expect(result.counts).toEqual({
      returned: 1000,
      inserted: 1000,
      duplicate: 0,
      known: 0,
      quarantined: 0,
    });
    expect({
      body: result.buffers.body.byteLength,
      columns: result.buffers.columns.byteLength,
    }).toEqual(sizes);
  });
  expect(await countOf(database.pool, 'ingested_events')).toBe(1000);
});

test('a fault crosses the thread whole, with the batch', async () => {
  await withThread(async ({ handle, write }) => {
    await handle.open(writerSettings(database.connectionString, { retryForMs: 0 }));
    await database.pool.query('ALTER TABLE ingestion_pages RENAME TO moved');
    try {
      const result = await write({ ...testPage(testRows(5)), taskId: 1 });
      expect(result).toMatchObject({
        type: 'failed',
        fault: { code: 'DATABASE_REFUSED', retryable: false, message: expect.any(String) },
        batch: { rowCount: 5 },
      });
      expect(result.type === 'failed' && result.batch.body.byteLength).toBeGreaterThan(0);
    } finally {
      await database.pool.query('ALTER TABLE moved RENAME TO ingestion_pages');
    }
  });
});

test('a dead thread fails the pages that it had, and those that come later', async () => {
  await withThread(async ({ handle, write }) => {
    // A page before `open` is a bug, which ends the thread.
    const had = await write({ ...testPage(testRows(1)), taskId: 1 });
    expect(had).toMatchObject({ type: 'failed', fault: { code: 'WORKER_DIED', retryable: false } });
    expect(handle.death?.message).toContain('the writer thread died');
    const late = await write({ ...testPage(testRows(1)), taskId: 2 });
    expect(late).toMatchObject({ type: 'failed', fault: handle.death });
    expect(await handle.open(writerSettings(database.connectionString))).toEqual(handle.death);
  });
});
