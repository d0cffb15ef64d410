import { beforeEach, expect, test } from 'vitest';
import { WriterHandle } from '../../src/runtime/writer-handle.js';
import { WriterThread } from '../../src/runtime/writer-thread.js';
import { usePostgres } from '../support/postgres.js';
import { committed, countOf, resetTables } from '../support/writer-database.js';
import { testPage, testRows, writerSettings } from '../support/writer-pages.js';

const database = usePostgres();
beforeEach(() => resetTables(database.pool));

async function withThread(use: (writer: WriterHandle) => Promise<void>): Promise<void> {
  const thread = new WriterThread({});
  const writer = new WriterHandle({ thread, number: 1 });
  try {
    await use(writer);
  } finally {
    await writer.close();
    await thread.close();
  }
}

test('buffers move to the writer thread and come back with the result', async () => {
  await withThread(async (writer) => {
    expect(await writer.open(writerSettings(database.connectionString))).toBeNull();
    const page = testPage(testRows(1000));
    const { body, columns } = page.batch;
    const sizes = { body: body.byteLength, columns: columns.byteLength };
    const writing = writer.write(page);
    expect([body.byteLength, columns.byteLength]).toEqual([0, 0]);
    const result = committed(await writing);
    expect(result.counts).toEqual({
      returned: 1000,
      inserted: 1000,
      updated: 0,
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
  await withThread(async (writer) => {
    await writer.open(writerSettings(database.connectionString, { retryForMs: 0 }));
    await database.pool.query('ALTER TABLE ingestion_pages RENAME TO moved');
    try {
      const result = await writer.write(testPage(testRows(5)));
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
  await withThread(async (writer) => {
    // A page before `open` is a bug, which ends the thread.
    const had = await writer.write(testPage(testRows(1)));
    expect(had).toMatchObject({ type: 'failed', fault: { code: 'WORKER_DIED', retryable: false } });
    expect(writer.death?.message).toContain('the writer thread died');
    const late = await writer.write(testPage(testRows(1)));
    expect(late).toMatchObject({ type: 'failed', fault: writer.death });
    expect(await writer.open(writerSettings(database.connectionString))).toEqual(writer.death);
  });
});
