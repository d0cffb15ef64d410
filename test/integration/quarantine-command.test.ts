/** `datasync quarantine`: what could not be stored is looked at, corrected, and stored. */
import pg from 'pg';
import { expect, test } from 'vitest';
import { page, writtenPages } from '../support/apis/written-pages.js';
import { untilDisconnected } from '../support/ingest-check.js';
import { dispositionParts, LaterRuns } from '../support/later-runs.js';
import {
  type SourceAddress,
  type SourceParts,
  type TestSource,
  useSourceRuns,
} from '../support/source-runs.js';
import { waitingBackend } from '../support/writer-database.js';

const runs = useSourceRuns();
const { apis, database, folder } = runs;
const later = new LaterRuns(runs);

const PAGED: SourceParts = {
  paginator: { type: 'cursor', cursor_path: 'next_page', cursor_param: 'page' },
  endpoint: { data_selector: 'items' },
};
const PRICED: SourceParts = {
  ...PAGED,
  resource: { columns: { price: { data_type: 'bigint' } } },
};
const TOLERANT = { QUARANTINE_LIMIT: '1' };
const PAGES = [
  page(
    [
      { id: 1, price: 1 },
      { id: 2, price: 'two' },
    ],
    2,
  ),
  page([{ id: 3, price: 'three' }, { id: 4, price: 4 }, { name: 'nobody' }]),
];
const ALL = [
  { id: 1, price: 1 },
  { id: 2, price: 'two' },
  { id: 3, price: 'three' },
  { id: 4, price: 4 },
];

/** A run that has put three records into quarantine. */
async function drained(parts: SourceParts = PRICED) {
  const { origin } = await apis.start(writtenPages(PAGES));
  const address = { origin, env: TOLERANT };
  const source = runs.source(parts);
  const { result } = await runs.drain(source, address);
  return { address, source, run: Number(result?.run) };
}

const quarantine = (source: TestSource, address: SourceAddress, ...args: string[]) =>
  folder.run(['quarantine', ...args, '--source', source.path], runs.env(source, address));

test('what the corrected file takes is stored, the rest stays, and the run is proved', async () => {
  const { address, source, run } = await drained();
  const listed = await quarantine(source, address, 'list', '--json');
  expect(listed.result).toMatchObject({
    ...{ exitCode: 0, recordsInAll: 3, groupsInAll: 2 },
    groups: [
      {
        ...{ source: source.name, stream: 'items', run, records: 2, example: `${run}/0/1/1` },
        reason: expect.stringContaining('invalid input syntax for type bigint: "…"'),
      },
      { records: 1, reason: expect.stringContaining('null value in column "id"') },
    ],
  });
  const text = (await quarantine(source, address, 'list', '--reason', 'BIGINT')).stdout;
  expect(text).toContain(`quarantine show ${run}/0/1/1`);
  expect(text).toContain('2 records in quarantine.');

  const shown = await quarantine(source, address, 'show', `${run}/0/2/0`);
  expect(shown.stdout).toContain(`record 0 of page 2 of segment 0, run ${run}`);
  expect(shown.stdout).toContain('{\n  "id": 3,\n  "price": "three"\n}');
  const none = await quarantine(source, address, 'show', `${run}/0/2/7`, '--json');
  expect(none.code).toBe(1);
  expect(none.result?.message).toContain(`No record ${run}/0/2/7 is in quarantine`);

  runs.rewrite(source, PAGED);
  const dry = await quarantine(
    source,
    address,
    'retry',
    '--dry-run',
    '--reason',
    'bigint',
    '--json',
  );
  expect(dry).toMatchObject({ code: 0, result: { message: '2 records would be tried again' } });
  const { code, result } = await quarantine(source, address, 'retry', '--json');
  expect(code).toBe(1);
  expect(result).toMatchObject({
    ...{ message: '2 records stored, 1 record left in quarantine', inserted: 2, refused: 1 },
    runs: [{ run, records: 3, passedOver: null }],
  });
  await runs.expectStored(source, address, ALL);
  expect(await runs.facts(source)).toMatchObject({ returned: 5, inserted: 4, quarantined: 1 });
  const status = await folder.run(
    ['status', '--source', source.path, '--json'],
    runs.env(source, address),
  );
  expect(status.result).toMatchObject({ inserted: 4, quarantined: 1, rows: 4 });

  // Nothing is left to be stored: again it changes nothing.
  expect((await quarantine(source, address, 'retry', '--json')).result).toMatchObject({
    ...{ inserted: 0, refused: 1 },
  });
  const other = await quarantine(source, address, 'retry', '--reason', 'bigint', '--json');
  expect(other).toMatchObject({ code: 0, result: { inserted: 0, left: 0, runs: [] } });
});

test('a run that its quarantine has ended is gone on with', async () => {
  const { origin } = await apis.start(writtenPages(PAGES));
  const source = runs.source(PRICED);
  const strict = { origin };
  const failed = await runs.ingest(source, strict);
  expect(failed).toMatchObject({ code: 1, result: { fault: 'QUARANTINE_LIMIT' } });
  await database.pool.query(`ALTER TABLE ${runs.table(source)} ALTER COLUMN price TYPE text`);
  const retried = await quarantine(source, strict, 'retry', '--reason', 'bigint');
  expect(retried.code).toBe(0);
  expect(retried.stdout).toContain('goes on with it');
  await runs.drain(source, strict);
  await runs.expectStored(source, strict, ALL);
});

test('a kill in the middle loses nothing, and while one is at work no other is', async () => {
  const { address, source } = await drained();
  runs.rewrite(source, PAGED);
  // The first page is stored; the second waits for its record's lock.
  const holder = new pg.Client({
    ...{ connectionString: database.connectionString, application_name: 'datasync-test' },
  });
  await holder.connect();
  try {
    await holder.query('BEGIN; SELECT FROM ingestion_quarantine WHERE page = 2 FOR UPDATE');
    const args = ['quarantine', 'retry', '--source', source.path];
    const child = folder.start(args, runs.env(source, address));
    await waitingBackend(database.pool);
    const second = await quarantine(source, address, 'retry', '--json');
    expect(second).toMatchObject({ code: 1, result: { fault: 'ALREADY_RUNNING' } });
    expect(second.result?.message).toContain('are being tried again by datasync-retry process');
    const ingest = await later.again(source, address).end();
    expect(ingest.result).toMatchObject({ fault: 'ALREADY_RUNNING' });
    await child.kill();
    await holder.query('ROLLBACK');
  } finally {
    await holder.end();
  }
  await untilDisconnected(database.pool);
  await runs.expectProved(source, address);
  await quarantine(source, address, 'retry', '--json');
  await runs.expectStored(source, address, ALL);
  expect(await runs.facts(source)).toMatchObject({ inserted: 4, quarantined: 1 });
});

test('runs whose rows were replaced, or whose table is another or gone, are passed over', async () => {
  const { address, source, run } = await drained({
    ...PAGED,
    resource: { write_disposition: 'replace', columns: { price: { data_type: 'bigint' } } },
  });
  await later.drainedAgain(source, address);
  const old = await quarantine(source, address, 'retry', '--run', String(run), '--json');
  expect(old).toMatchObject({
    code: 1,
    result: {
      ...{ inserted: 0, left: 3 },
      runs: [{ passedOver: expect.stringContaining(`run ${run + 1} has replaced them`) }],
    },
  });
  const resource = { write_disposition: 'replace', table_name: 'elsewhere' };
  runs.rewrite(source, { ...PAGED, resource });
  const moved = await quarantine(source, address, 'retry');
  expect(moved.stdout).toContain('its source now names another table or key');
  runs.rewrite(source, dispositionParts('replace'));
  await database.pool.query(`DROP TABLE ${runs.table(source)}`);
  const gone = await quarantine(source, address, 'retry');
  expect(gone.stdout).toContain(`has written, is not there any more`);
});
