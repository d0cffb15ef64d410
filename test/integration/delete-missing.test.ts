/** `ingest --delete-missing`: rows that a run of all of the source has not seen are deleted, or kept with a reason. */

import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { page, writtenPages } from '../support/apis/written-pages.js';
import { untilDisconnected } from '../support/ingest-check.js';
import { breaking, type Exit } from '../support/ingest-process.js';
import { COUNT, dispositionParts, LaterRuns, version } from '../support/later-runs.js';
import { hasCommand, REPOSITORY } from '../support/repository.js';
import {
  type SourceAddress,
  type SourceParts,
  type TestSource,
  useSourceRuns,
} from '../support/source-runs.js';
import { useTerminals } from '../support/terminal.js';
import { waitingBackend } from '../support/writer-database.js';

const runs = useSourceRuns();
const { apis, database, folder } = runs;
const later = new LaterRuns(runs);
const openTerminal = useTerminals();

const MAIN = join(REPOSITORY, 'dist', 'src', 'main.js');

const run = (source: TestSource, api: SourceAddress, ...args: string[]) =>
  folder.run(['ingest', '--source', source.path, ...args], runs.env(source, api));

/** A new run that reads all. */
const whole = (source: TestSource, api: SourceAddress, ...args: string[]) =>
  run(source, api, '--full', '--delete-missing', '--yes', '--json', ...args);

async function idsIn(source: TestSource): Promise<number[]> {
  const { rows } = await database.pool.query<{ id: number }>(
    `SELECT id::int FROM ${runs.table(source)} ORDER BY id`,
  );
  return rows.map(({ id }) => id);
}

/** Every run over the stream holds. */
async function expectAllProved(source: TestSource, api: SourceAddress): Promise<void> {
  const { rows } = await database.pool.query<{ run: number }>(
    'SELECT run FROM ingestion_runs WHERE source = $1 ORDER BY run',
    [source.name],
  );
  for (const { run: number } of rows) {
    const { code, stdout, stderr } = await later.verify(source, api, number);
    expect(code, `run ${number}: ${stdout}${stderr}`).toBe(0);
  }
}

function expectKept(exit: Exit, reason: RegExp): void {
  expect(exit.code, exit.stdout + exit.stderr.slice(-2_000)).toBe(1);
  expect(exit.result).toMatchObject({ status: 'complete', deleted: 0 });
  expect(exit.result?.message).toMatch(reason);
}

const seenTables = async () =>
  (await database.pool.query(`SELECT relname FROM pg_class WHERE relname LIKE 'ingestion_seen%'`))
    .rowCount;

test('what the source no longer has goes, what it has stays, through a kill, and all runs are proved', async () => {
  const { api, records } = await later.shelf();
  const source = runs.source(dispositionParts('merge'));
  await runs.drain(source, { ...api, env: { PROVE_DATA: 'yes' } });
  await database.pool.query(`INSERT INTO ${runs.table(source)} (id, data) VALUES (1000, '{}')`);
  // Three have gone, five have changed, two are new; between the runs one has read all and deletes nothing.
  records.all = [...version('second', 5), ...version('first', 42).slice(8)];
  await later.drainedAgain(source, api);
  const flags = breaking('kill=in:committed:4');
  const args = ['ingest', '--source', source.path, '--full', '--delete-missing', '--yes'];
  const killed = await folder.start(args, runs.env(source, api), flags).end();
  expect(killed.signal).toBe('SIGKILL');
  await untilDisconnected(database.pool);
  const ended = await run(source, api, '--delete-missing', '--yes', '--json');
  expect(ended.code, ended.stderr.slice(-2_000)).toBe(0);
  expect(ended.result).toMatchObject({ deleted: 3, keptReason: null, duplicate: 39 });
  const present = records.all.map(({ id }) => id);
  expect(await idsIn(source)).toEqual([...present, 1000]);
  await database.pool.query(`DELETE FROM ${runs.table(source)} WHERE id = 1000`);
  await expectAllProved(source, api);
  const data = await folder.run(
    ['verify', '--source', source.path, '--run', '1', '--data', '--json'],
    runs.env(source, api),
  );
  expect(data.result).toMatchObject({ ok: true });
  expect(await seenTables()).toBe(0);
  const report = await folder.run(['report', '--source', source.path], runs.env(source, api));
  expect(report.stdout).toContain('3 rows that the source no longer has');
  // Nothing is left to be judged.
  const again = await run(source, api, '--delete-missing', '--yes');
  expect(again.stdout).toContain('Nothing to do');
});

test('more than the share stays until it is permitted, and then no page is asked for', async () => {
  const { api, records } = await later.shelf(20);
  const source = runs.source(dispositionParts('merge'));
  await runs.drain(source, api);
  records.all = version('first', 15);
  expectKept(await whole(source, api), /5 of 20 rows .*\(25 %\).*more than 10 %/);
  expect(await idsIn(source)).toHaveLength(20);
  const dry = await run(source, api, '--delete-missing', '--dry-run', '--json');
  expect(dry.result).toMatchObject({ deletions: [{ stream: 'items', rows: 5 }] });
  const permitted = await run(
    source,
    api,
    ...['--delete-missing', '--delete-share', '0.25', '--yes', '--json'],
  );
  expect(permitted.code, permitted.stderr.slice(-2_000)).toBe(0);
  expect(permitted.result).toMatchObject({ deleted: 5, alreadyComplete: true });
  expect(await idsIn(source)).toHaveLength(15);
  await expectAllProved(source, api);
});

test('a kill in the middle of it deletes nothing, and the next start all', async () => {
  const { api, records } = await later.shelf();
  const source = runs.source(dispositionParts('merge'));
  await runs.drain(source, api);
  records.all = records.all.slice(3);
  const holder = new pg.Client({
    ...{ connectionString: database.connectionString, application_name: 'datasync-test' },
  });
  await holder.connect();
  try {
    await holder.query(`BEGIN; SELECT FROM ${runs.table(source)} WHERE id = 2 FOR UPDATE`);
    const args = ['ingest', '--source', source.path, '--full', '--delete-missing', '--yes'];
    const child = folder.start(args, runs.env(source, api));
    await waitingBackend(database.pool, 0, 'datasync-control');
    await child.kill();
    await holder.query('ROLLBACK');
  } finally {
    await holder.end();
  }
  await untilDisconnected(database.pool);
  expect(await idsIn(source)).toHaveLength(COUNT);
  await runs.expectProved(source, api);
  const again = await run(source, api, '--delete-missing', '--yes', '--json');
  expect(again.result).toMatchObject({ deleted: 3, alreadyComplete: true });
  await expectAllProved(source, api);
});

test('a person is asked, with the table and the number', async (context) => {
  if (!hasCommand('script')) return context.skip('script is not installed');
  const { api, records } = await later.shelf();
  const source = runs.source(dispositionParts('merge'));
  await runs.drain(source, api);
  records.all = records.all.slice(3);
  const ask = (...args: string[]) =>
    openTerminal(
      [process.execPath, MAIN, 'ingest', '--source', source.path, ...args].join(' '),
      { ...runs.env(source, api), LOG_LEVEL: 'error' },
      folder.path,
    );
  const refused = ask('--full', '--delete-missing');
  await refused.until(`Delete 3 of 40 rows of ${runs.table(source)} (7.5 %)`);
  refused.type('\r');
  expect(await refused.ended()).toBe(1);
  expect(await idsIn(source)).toHaveLength(COUNT);
  const agreed = ask('--delete-missing');
  await agreed.until('[y/N]');
  agreed.type('y\r');
  expect(await agreed.ended()).toBe(0);
  expect(await idsIn(source)).toHaveLength(COUNT - 3);
});

test('on a schedule what is kept is left to a person until the next run is due', async () => {
  const { api, records } = await later.shelf(20);
  const source = runs.source(dispositionParts('merge'));
  await runs.drain(source, api);
  const partly = await run(source, api, '--every', '1h', '--delete-missing', '--yes');
  expect(partly.stderr).toContain('On a schedule --delete-missing needs --full');
  records.all = version('first', 15);
  const args = ['ingest', '--source', source.path, '--every', '1h', '--full'];
  const child = folder.start([...args, '--delete-missing', '--yes'], runs.env(source, api));
  // The first wait is that for the first run.
  const waiting = await child.untilLog('schedule_waiting', { count: 2 });
  expect(waiting).toMatchObject({ why: 'tick' });
  await child.kill();
  await untilDisconnected(database.pool);
  expect(await idsIn(source)).toHaveLength(20);
});

const CHAINED: SourceParts = {
  paginator: { type: 'cursor', cursor_path: 'next_page', cursor_param: 'page' },
  endpoint: { data_selector: 'items' },
  resource: { write_disposition: 'merge', columns: { price: { data_type: 'bigint' } } },
};

test('a record in quarantine is no missing one, and where its key is not known nothing goes', async () => {
  const first = Array.from({ length: 30 }, (_, id) => ({ id, price: 1 }));
  const bad = { id: 7, price: 'seven\u0000', note: '\ud800' };
  const { origin } = await apis.start(
    writtenPages([
      [
        page(first),
        page([...first.filter(({ id }) => id > 7), bad]),
        page([...first.filter(({ id }) => id > 8), { price: 1 }]),
      ],
    ]),
  );
  const api = { origin, env: { QUARANTINE_LIMIT: '1', DELETE_SHARE: '0.3' } };
  const source = runs.source(CHAINED);
  await runs.drain(source, api);
  expect((await whole(source, api)).result).toMatchObject({ deleted: 7, quarantined: 1 });
  expect(await idsIn(source)).toEqual(first.map(({ id }) => id).slice(7));
  await expectAllProved(source, api);
  const unread = await whole(source, api);
  expectKept(unread, /records in quarantine whose key cannot be read/);
  // As after a restore without its rows: all that is there would pass for missing.
  await database.pool.query(`TRUNCATE ingestion_seen_${unread.result?.run}`);
  const emptied = await run(source, api, '--delete-missing', '--yes', '--json');
  expectKept(emptied, /has seen are not there any more/);
  expect(await idsIn(source)).toHaveLength(23);
});

test('where nothing would show that records were missed nothing goes', async () => {
  const all = version('first', 20);
  const { origin } = await apis.start(writtenPages([[page(all), page(all.slice(1))]]));
  const counted = { type: 'page_number', base_page: 1, page_param: 'page', total_path: null };
  const source = runs.source({ ...CHAINED, paginator: { ...counted, maximum_page: 1 } });
  await runs.drain(source, { origin });
  expectKept(await whole(source, { origin }), /counted off, and no total tells/);
  expect(await idsIn(source)).toHaveLength(20);
});

test('rows to which others refer stay, with the words of PostgreSQL', async () => {
  const { api, records } = await later.shelf(COUNT);
  const source = runs.source(dispositionParts('merge'));
  await runs.drain(source, api);
  await database.pool.query(
    `CREATE TABLE "${source.name}".parts (item bigint REFERENCES ${runs.table(source)});
     INSERT INTO "${source.name}".parts VALUES (3)`,
  );
  records.all = records.all.filter(({ id }) => id !== 3 && id !== 4);
  expectKept(await whole(source, api), /other rows refer to some .*still referenced/);
  expect(await idsIn(source)).toHaveLength(COUNT);
  await expectAllProved(source, api);
  await database.pool.query(`DROP TABLE "${source.name}".parts`);
  expect((await run(source, api, '--delete-missing', '--yes', '--json')).result).toMatchObject({
    deleted: 2,
  });
  await expectAllProved(source, api);
});

test('is refused where it cannot be meant', async () => {
  const { api } = await later.shelf(20);
  const source = runs.source(dispositionParts('merge'));
  const noTerminal = await run(source, api, '--full', '--delete-missing', '--json');
  expect(noTerminal).toMatchObject({
    code: 2,
    result: { message: expect.stringContaining('--yes') },
  });
  const notAll = await run(source, api, '--delete-missing', '--yes', '--json');
  expect(notAll).toMatchObject({ code: 2 });
  expect(notAll.result?.message).toContain('ingest --full --delete-missing');
  await runs.drain(source, api);
  const notNoted = await run(source, api, '--delete-missing', '--yes', '--json');
  expect(notNoted.result?.message).toContain('was begun without --delete-missing');
  const begun = await whole(source, api, '--max-events', '5', '--limit', '5');
  expect(begun.result?.status).toBe('paused');
  runs.rewrite(source, dispositionParts('append'));
  const other = await run(source, api, '--json');
  expect(other.result?.message).toContain('now says write_disposition: append');
  runs.rewrite(source, dispositionParts('merge'));
  await database.pool.query(`DROP TABLE ingestion_seen_${begun.result?.run}`);
  const gone = await run(source, api, '--delete-missing', '--yes', '--json');
  expect(gone.result?.message).toContain('is not there any more');
  const appended = runs.source(dispositionParts('append'));
  const noMerge = await whole(appended, api);
  expect(noMerge).toMatchObject({ code: 2 });
  expect(noMerge.result?.message).toContain('has write_disposition: append');
});
