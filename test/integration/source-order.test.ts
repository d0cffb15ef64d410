/** Sources in another order than newest first, ids descending within an instant: nothing is lost, and counts are right. */
import { expect, test } from 'vitest';
import { environmentFor, ledgerSums, useEmptyTables } from '../support/ingest-check.js';
import { type Exit, useIngestFolder } from '../support/ingest-process.js';
import {
  type Script,
  type ScriptedPage,
  type ScriptedRow,
  scriptedRows,
  useScriptedApi,
} from '../support/scripted-api.js';

const database = useEmptyTables();
const folder = useIngestFolder();
const startApi = useScriptedApi();

const ROWS = 6_000;
const NEWEST_MS = 1_769_541_612_369;
/** Seven rows of each instant; the ids follow no order. */
const tied = scriptedRows(ROWS, (row) => NEWEST_MS - Math.floor(row / 7) * 1_000);
const byId = (direction: number) => (a: ScriptedRow, b: ScriptedRow) =>
  b.timestamp - a.timestamp || direction * (a.id < b.id ? -1 : 1);

/** Ingests all, proves it, and exports it. */
async function ingestProven(script: Script, size = '100'): Promise<Exit> {
  const api = await startApi({ latencyMs: 20, ...script });
  const env = environmentFor(api, database, { BATCH_SIZE: size, WORKER_CONCURRENCY: '8' });
  const exit = await folder.run(['ingest', '--json'], env);
  expect(exit.code, exit.stderr.slice(-3_000)).toBe(0);
  const count = script.rows.length;
  expect(exit.result).toMatchObject({ status: 'complete', eventsIngested: count, warnings: [] });
  const { rows } = await database.pool.query<{ id: string }>('SELECT id FROM ingested_events');
  expect(new Set(rows.map(({ id }) => id))).toEqual(new Set(script.rows.map(({ id }) => id)));
  const verified = await folder.run(['verify'], env);
  expect(verified.code, verified.stdout).toBe(0);
  const exported = await folder.run(['export-ids'], env);
  expect(exported.code, exported.stderr).toBe(0);
  return exit;
}

test.each([
  ['descend by id', [...tied].sort(byId(1)).reverse()],
  ['ascend by id', [...tied].sort(byId(1))],
  ['follow no order', tied],
])('rows of one instant that %s: several chains lose none', async (_, rows) => {
  const inOrder = rows.toSorted((a, b) => b.timestamp - a.timestamp);
  await ingestProven({ rows: inOrder });
  expect((await ledgerSums(database.pool)).segments).toBeGreaterThan(2);
});

test('one instant that fills several pages, ids ascending', async () => {
  const rows = scriptedRows(1_000, (row) => NEWEST_MS - Math.floor(row / 450) * 60_000);
  await ingestProven({ rows: [...rows].sort(byId(1)) });
});

const oldestFirst = scriptedRows(1_000, (row) => NEWEST_MS + row * 1_000);
const unordered = [...oldestFirst].sort((a, b) => (a.id < b.id ? -1 : 1));

test.each([
  ['oldest first', oldestFirst, '100'],
  // Each page is in order by itself.
  ['oldest first, a row a page', oldestFirst.slice(0, 30), '1'],
  ['in no order', unordered, '100'],
])('%s, behind opaque cursors: all is counted, proven and exported', async (_, rows, size) => {
  await ingestProven({ rows, cursors: 'offset' }, size);
});

test('in no order and with rows that come twice: the count is right', async () => {
  const rows = [...unordered, ...unordered.slice(0, 100)];
  const api = await startApi({ rows, cursors: 'offset' });
  const env = environmentFor(api, database, { BATCH_SIZE: '100' });
  const { code, result, stderr } = await folder.run(['ingest', '--json'], env);
  expect(code, stderr).toBe(0);
  expect(stderr).toContain('"event":"order_broken"');
  expect(result).toMatchObject({
    ...{ eventsIngested: 1_000, warnings: [] },
  });
  const verified = await folder.run(['verify', '--json'], env);
  expect(verified.result).toMatchObject({ ok: true, rows: 1_000, duplicate: 100 });
});

test('rows that come twice with other content: the first stays, and the run says how many', async () => {
  const rows = [...unordered, ...unordered.slice(0, 100)];
  const answer = (page: ScriptedPage, start: number): ScriptedPage =>
    start < 1_000
      ? page
      : { ...page, data: page.data.map((row) => ({ ...(row as object), v: 2 })) };
  const api = await startApi({ rows, cursors: 'offset', answer });
  const env = environmentFor(api, database, { BATCH_SIZE: '100' });
  const { code, result, stderr } = await folder.run(['ingest', '--json'], env);
  expect(code, stderr).toBe(0);
  expect(result).toMatchObject({
    ...{ status: 'complete', eventsIngested: 1_000 },
    warnings: [expect.stringMatching(/^100 records came again with other content/)],
  });
  const changed = await database.pool.query("SELECT FROM ingested_events WHERE data ? 'v'");
  expect(changed.rowCount).toBe(0);
  const verified = await folder.run(['verify', '--json'], env);
  expect(verified.code).toBe(0);
  expect(verified.result).toMatchObject({ ok: true, rows: 1_000, duplicate: 100, differing: 100 });
  expect((await folder.run(['export-ids'], env)).code).toBe(0);
});

const untimed = (page: ScriptedPage): ScriptedPage => ({
  ...page,
  data: page.data.map((row) => ({ id: (row as ScriptedRow).id })),
});

test.each([
  ['newest first', [...oldestFirst].reverse(), undefined],
  ['oldest first', oldestFirst, undefined],
  ['in no order', unordered, undefined],
  ['without a timestamp', oldestFirst, untimed],
])(
  '%s, behind opaque cursors: a second start goes on where the first one stopped',
  async (_, rows, answer) => {
    const script: Script = { rows, cursors: 'offset', ...(answer && { answer }) };
    const api = await startApi(script);
    const env = environmentFor(api, database, { BATCH_SIZE: '100' });
    const first = await folder.run(['ingest', '--json', '--max-events', '400'], env);
    expect(first.code, first.stderr.slice(-3_000)).toBe(3);
    const second = await folder.run(['ingest', '--json'], env);
    expect(second.code, second.stderr.slice(-3_000)).toBe(0);
    expect(second.result).toMatchObject({
      status: 'complete',
      eventsIngested: 1_000,
      warnings: [],
    });
    // No page came twice: every row was new.
    const sums = await ledgerSums(database.pool);
    expect(sums).toMatchObject({ pages: 10, inserted: 1_000, duplicate: 0 });
    const verified = await folder.run(['verify', '--json'], env);
    expect(verified.result).toMatchObject({ ok: true, rows: 1_000 });
  },
);
