/** Feeds the writer thread with prebuilt pages; their buffers come back and serve the next run. */
import { openRunStore } from '../../src/database/run-store.js';
import { EVENTS_TABLE } from '../../src/postgres/stream-table.js';
import type { Batch } from '../../src/protocol/batch.js';
import type { PageWrite } from '../../src/protocol/writer-messages.js';
import { WriterHandle } from '../../src/runtime/writer-handle.js';
import { WriterThread } from '../../src/runtime/writer-thread.js';
import { BenchError } from '../bench-error.js';
import type { BenchDatabase } from '../database.js';
import { datasync } from '../datasync.js';
import type { BenchWriteMethod } from '../options.js';
import { forEachPage } from '../pages.js';

export interface WriterRun {
  readonly durationMs: number;
  readonly postgresCpuMs: number | null;
  readonly writerCpuMs: number | null;
}

/** A page whose buffers are replaced by those that the writer gives back. */
export interface PrebuiltPage {
  batch: Batch;
  readonly hasMore: boolean;
}

const CONNECTIONS = 2;
/** Pages given and not yet committed: about what the program's byte credits allow. */
const OUTSTANDING = 8;
const STATEMENT_TIMEOUT_MS = 60_000;
const RETRY_FOR_MS = 10_000;

export async function prebuildPages(walk: {
  readonly events: number;
  readonly limit: number;
}): Promise<PrebuiltPage[]> {
  const pages: PrebuiltPage[] = [];
  await forEachPage(walk, ({ body, proved }) => {
    const own = new Uint8Array(body).buffer;
    const { rowCount, columns, rejects, firstPosition, lastPosition, isDescending } = proved;
    pages.push({
      hasMore: proved.envelope.hasMore,
      batch: {
        rowCount,
        body: own,
        bodyBytes: body.length,
        columns,
        rejects,
        firstPosition,
        lastPosition,
        isDescending,
      },
    });
  });
  return pages;
}

/** Writes all pages into the emptied table; connecting is outside of the time. */
export async function feedWriter(
  database: BenchDatabase,
  pages: readonly PrebuiltPage[],
  method: BenchWriteMethod,
): Promise<WriterRun> {
  await database.reset();
  const store = openRunStore(database.pool);
  const { run } = await store.createRun({
    ...{ source: 'datasync', stream: 'events', origin: 'bench', table: EVENTS_TABLE },
    settings: {},
  });
  const thread = new WriterThread({});
  const writer = new WriterHandle({ thread, number: run });
  try {
    const fault = await writer.open({
      connectionString: database.connectionString,
      connectionsMax: CONNECTIONS,
      target: datasync.target,
      replaced: null,
      method,
      expectsDuplicates: false,
      hasTriggers: false,
      provesData: false,
      statementTimeoutMs: STATEMENT_TIMEOUT_MS,
      retryForMs: RETRY_FOR_MS,
    });
    if (fault !== null) throw new BenchError(`the writer cannot be opened: ${fault.message}`);
    const postgresBeforeMs = database.cpuMs();
    const cpuBefore = process.cpuUsage();
    const startedAtMs = performance.now();
    await writeAll(writer, run, pages);
    const durationMs = performance.now() - startedAtMs;
    const cpu = process.cpuUsage(cpuBefore);
    const postgresAfterMs = database.cpuMs();
    return {
      durationMs,
      writerCpuMs: (cpu.user + cpu.system) / 1000,
      postgresCpuMs:
        postgresBeforeMs === null || postgresAfterMs === null
          ? null
          : postgresAfterMs - postgresBeforeMs,
    };
  } finally {
    await writer.close();
    await thread.close();
  }
}

async function writeAll(
  writer: WriterHandle,
  run: number,
  pages: readonly PrebuiltPage[],
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < pages.length; index = next++) {
      const page = pages[index] as PrebuiltPage;
      const result = await writer.write(pageWrite(run, index, pages));
      if (result.type === 'failed') throw new BenchError(`page ${index}: ${result.fault.message}`);
      page.batch = { ...page.batch, ...result.buffers };
      if (result.counts.inserted !== page.batch.rowCount) {
        throw new BenchError(
          `page ${index}: ${result.counts.inserted} of ${page.batch.rowCount} rows inserted`,
        );
      }
    }
  };
  await Promise.all(Array.from({ length: OUTSTANDING }, lane));
}

function pageWrite(run: number, index: number, pages: readonly PrebuiltPage[]): PageWrite {
  const { batch, hasMore } = pages[index] as PrebuiltPage;
  return {
    run,
    segment: 0,
    page: index,
    cursor: index === 0 ? null : `cursor ${index}`,
    nextCursor: hasMore ? `cursor ${index + 1}` : null,
    nextCursorExpiresAtMs: null,
    hasMore,
    isOrdered: true,
    after: pages[index - 1]?.batch.lastPosition ?? null,
    through: hasMore ? batch.lastPosition : null,
    bound: null,
    fetchedAtMs: performance.timeOrigin + performance.now(),
    requestId: `request ${index}`,
    batch,
  };
}
