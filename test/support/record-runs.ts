/** Runs that a writer makes of records whose keys PostgreSQL reads, proved with their data. */

import { verifyRun } from '../../src/database/verify/verify-run.js';
import { tableOf } from '../../src/postgres/stream-table.js';
import type { RecordColumn, WriterTarget } from '../../src/protocol/record-target.js';
import type { PageWrite, WriterSettings } from '../../src/protocol/writer-messages.js';
import type { TestDatabase } from './postgres.js';
import { type Committed, committed, withWriter } from './writer-database.js';
import { testId, testPage } from './writer-pages.js';

export const column = (name: string, changes: Partial<RecordColumn> = {}): RecordColumn => ({
  ...{ name, path: [name], type: null, isNullable: false },
  ...changes,
});

/** Begins a run into the table of the target. @returns its number */
export async function beginRun({ pool }: TestDatabase, target: WriterTarget): Promise<number> {
  const { qualified, key } = tableOf(target);
  const { rows } = await pool.query<{ run: number }>(
    `INSERT INTO ingestion_runs (source, stream, origin, status, table_name, table_key)
     VALUES ('shop', $1, 'http://127.0.0.1', 'running', $2, $3) RETURNING run`,
    [target.table, qualified, key],
  );
  return rows[0]?.run ?? 0;
}

/** @param index of the page in its chain, from 0 */
export function recordPage(
  run: number,
  index: number,
  records: readonly string[],
  fields: Partial<PageWrite> = {},
): PageWrite {
  const rows = records.map((record) => ({ id: testId(0), ms: Number.NaN, record }));
  const cursor = index === 0 ? null : `c${index}`;
  return testPage(rows, {
    ...{ run, page: index + 1, cursor, nextCursor: `c${index + 1}`, isOrdered: false },
    ...fields,
  });
}

/** One run whose pages hold these records, written one after the other, and proved at its end. */
export async function writeRun(
  database: TestDatabase,
  target: WriterTarget,
  pages: readonly (readonly string[])[],
  changes: Partial<WriterSettings> = {},
): Promise<{ readonly run: number; readonly results: readonly Committed[] }> {
  const run = await beginRun(database, target);
  const settings = { target, provesData: true, ...changes };
  const results = await withWriter(database.connectionString, settings, async (writer) => {
    const written: Committed[] = [];
    for (const [index, records] of pages.entries()) {
      const page = recordPage(run, index, records, { hasMore: index + 1 < pages.length });
      written.push(committed(await writer.write(page)));
    }
    return written;
  });
  await proveRuns(database);
  return { run, results };
}

/** Every run holds, with its data, whatever later ones have taken over. @throws what differs */
export async function proveRuns({ pool }: TestDatabase): Promise<void> {
  const { rows } = await pool.query<{ run: number }>('SELECT run FROM ingestion_runs');
  for (const { run } of rows) {
    const proof = await verifyRun(pool, { run, withData: true });
    const differences = proof?.differences.map(({ where, message }) => `${where}: ${message}`);
    if (differences === undefined || differences.length > 0) {
      throw new Error(`run ${run}: ${differences?.join('; ') ?? 'is not there'}`);
    }
  }
}
