import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createWriter } from '../../workers/writer/writer.js';
import { startCuttingProxy } from '../support/cutting-proxy.js';
import { usePostgres } from '../support/postgres.js';
import {
  committed,
  countOf,
  resetTables,
  waitingBackend,
  withWriter,
} from '../support/writer-database.js';
import { testPage, testRows, writerSettings } from '../support/writer-pages.js';

const database = usePostgres();
beforeEach(() => resetTables(database.pool));

/**
 * Runs `use` while another transaction holds the key of page 0 in the ledger, so that the page
 * stands still between its rows and its commit. `release` rolls that transaction back.
 */
async function whileLedgerHeld(
  use: (release: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const client = await database.pool.connect();
  try {
    await client.query('BEGIN');
    await client.query(`INSERT INTO ingestion_pages
      (run, segment, page, has_more, fetched_at, returned, inserted, duplicate, quarantined, bytes)
      VALUES (1, 0, 0, true, now(), 0, 0, 0, 0, 0)`);
    await use(async () => {
      await client.query('ROLLBACK');
    });
  } finally {
    // Closed rather than given back: after a failed test its transaction may still be open.
    client.release(true);
  }
}

async function expectExactlyOnce(rowCount: number): Promise<void> {
  expect(await countOf(database.pool, 'ingested_events')).toBe(rowCount);
  expect(await countOf(database.pool, 'ingestion_pages')).toBe(1);
}

describe('a connection that is lost with a page in flight', () => {
  test.each(['copy', 'insert'] as const)(
    'before the commit: the page is written again (%s)',
    async (method) => {
      await withWriter(database.connectionString, { method }, (writer) =>
        whileLedgerHeld(async (release) => {
          const writing = writer.write(testPage(testRows(500)));
          const pid = await waitingBackend(database.pool);
          await database.pool.query('SELECT pg_terminate_backend($1)', [pid]);
          await release();
          expect(committed(await writing)).toMatchObject({
            isNew: true,
            method,
            counts: { returned: 500, inserted: 500, duplicate: 0 },
          });
        }),
      );
      await expectExactlyOnce(500);
    },
  );

  test.each(['copy', 'insert'] as const)(
    'after the commit: the ledger tells that the page is in (%s)',
    async (method) => {
      const proxy = await startCuttingProxy(database.connectionString);
      try {
        await withWriter(proxy.connectionString, { method }, async (writer) => {
          const cut = proxy.cutAtAnswer('INSERT 0 1');
          const result = committed(await writer.write(testPage(testRows(300))));
          await cut;
          expect(result).toMatchObject({
            isNew: false,
            counts: { returned: 300, inserted: 300, updated: 0, duplicate: 0, quarantined: 0 },
          });
        });
      } finally {
        await proxy.close();
      }
      await expectExactlyOnce(300);
    },
  );

  test('with its transaction still under way: the second attempt waits for it and finds it', async () => {
    const proxy = await startCuttingProxy(database.connectionString);
    try {
      await withWriter(proxy.connectionString, { connectionsMax: 1 }, (writer) =>
        whileLedgerHeld(async (release) => {
          const writing = writer.write(testPage(testRows(200)));
          const first = await waitingBackend(database.pool);
          proxy.cutClients();
          // The second attempt found nothing in the ledger and now waits for the first one's rows.
          await waitingBackend(database.pool, first);
          await release();
          const result = committed(await writing);
          expect(result).toMatchObject({ isNew: false, counts: { inserted: 200, duplicate: 0 } });
        }),
      );
    } finally {
      await proxy.close();
    }
    await expectExactlyOnce(200);
  });
});

describe('a page that the database does not take', () => {
  test('is given back with its buffers when the database stays away', async () => {
    const proxy = await startCuttingProxy(database.connectionString);
    const writer = createWriter();
    const settings = writerSettings(proxy.connectionString, { retryForMs: 300 });
    expect(await writer.open(settings, () => {})).toBeNull();
    await proxy.close();
    const page = testPage(testRows(10));
    const result = await writer.write(page);
    expect(result).toMatchObject({ type: 'failed', fault: { code: 'DATABASE_UNAVAILABLE' } });
    expect(result.type === 'failed' && result.batch).toBe(page.batch);
    await writer.drain();
    expect(await countOf(database.pool, 'ingestion_pages')).toBe(0);
  });

  test('is given up at once when only an operator can mend it', async () => {
    await withWriter(database.connectionString, {}, async (writer) => {
      await database.pool.query('ALTER TABLE ingested_events RENAME TO moved');
      try {
        const result = await writer.write(testPage(testRows(10)));
        expect(result).toMatchObject({ type: 'failed', fault: { code: 'DATABASE_REFUSED' } });
      } finally {
        await database.pool.query('ALTER TABLE moved RENAME TO ingested_events');
      }
      // The connection that saw the refusal is still usable.
      expect(committed(await writer.write(testPage(testRows(10)))).counts.inserted).toBe(10);
    });
  });

  test('is tried again after a statement timeout', async () => {
    await withWriter(database.connectionString, { statementTimeoutMs: 200 }, (writer) =>
      whileLedgerHeld(async (release) => {
        const writing = writer.write(testPage(testRows(50)));
        const pid = await waitingBackend(database.pool);
        // Another transaction that waits on the same connection shows that the first timed out.
        const begun = await transactionStart(pid);
        const changed = async () => expect(await transactionStart(pid)).not.toBe(begun);
        await vi.waitFor(changed, { timeout: 10_000, interval: 10 });
        await release();
        expect(committed(await writing).counts.inserted).toBe(50);
      }),
    );
    await expectExactlyOnce(50);
  });
});

async function transactionStart(pid: number): Promise<string | undefined> {
  const { rows } = await database.pool.query<{ begun: string }>(
    `SELECT xact_start::text AS begun FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'`,
    [pid],
  );
  return rows[0]?.begun;
}

test('a database that cannot be used is reported when the writer opens', async () => {
  const url = new URL(database.connectionString);
  url.pathname = '/no_such_database';
  const fault = await createWriter().open(writerSettings(url.href), () => {});
  expect(fault).toMatchObject({ code: 'DATABASE_REFUSED', retryable: false });
});

test('drain finishes what was accepted, in any number', async () => {
  const writer = createWriter();
  await writer.open(writerSettings(database.connectionString), () => {});
  const writing = Array.from({ length: 12 }, (_, page) =>
    writer.write(testPage(testRows(50, page * 50), { page })),
  );
  await writer.drain();
  expect(await countOf(database.pool, 'ingested_events')).toBe(600);
  expect((await Promise.all(writing)).every(({ type }) => type === 'committed')).toBe(true);
  await expect(writer.write(testPage(testRows(1)))).rejects.toThrow('between open and drain');
});

test.each(['copy', 'insert'] as const)(
  'a page whose number another member has written is not taken for committed (%s)',
  async (method) => {
    await withWriter(database.connectionString, { method }, async (writer) => {
      committed(await writer.write(testPage(testRows(10))));
      const other = testPage(testRows(10, 10), { requestId: 'request-2' });
      expect(await writer.write(other)).toMatchObject({
        type: 'failed',
        fault: { code: 'LEASE_LOST', message: expect.stringContaining('page 0 is not written') },
      });
      await expectExactlyOnce(10);
      expect(committed(await writer.write(testPage(testRows(10)))).isNew).toBe(false);
    });
  },
);
