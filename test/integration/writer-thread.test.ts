import { Worker } from 'node:worker_threads';
import { releaseProxy, transfer, wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { beforeEach, expect, test } from 'vitest';
import type { PageWrite, WriterApi } from '../../src/protocol/writer-messages.js';
import { usePostgres } from '../support/postgres.js';
import { committed, countOf, resetTables } from '../support/writer-database.js';
import { testPage, testRows, writerSettings } from '../support/writer-pages.js';

const database = usePostgres();
beforeEach(() => resetTables(database.pool));

async function withThread(use: (writer: WriterApi) => Promise<void>): Promise<void> {
  const worker = new Worker(new URL('../../workers/writer.worker.js', import.meta.url));
  const proxy = wrap<WriterApi>(nodeEndpoint(worker));
  try {
    await use({
      open: (settings) => proxy.open(settings),
      write: (page: PageWrite) =>
        proxy.write(transfer(page, [page.batch.body, page.batch.columns])),
      drain: () => proxy.drain(),
    });
  } finally {
    proxy[releaseProxy]();
    await worker.terminate();
  }
}

test('buffers move to the writer thread and come back with the answer', async () => {
  await withThread(async (writer) => {
    expect(await writer.open(writerSettings(database.connectionString))).toBeNull();
    const page = testPage(testRows(1000));
    const { body, columns } = page.batch;
    const sizes = { body: body.byteLength, columns: columns.byteLength };
    const writing = writer.write(page);
    expect([body.byteLength, columns.byteLength]).toEqual([0, 0]);
    const result = committed(await writing);
    expect(result.counts).toEqual({ returned: 1000, inserted: 1000, duplicate: 0, quarantined: 0 });
    expect({
      body: result.buffers.body.byteLength,
      columns: result.buffers.columns.byteLength,
    }).toEqual(sizes);
    await writer.drain();
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
    await writer.drain();
  });
});
