/** What a later run does to the rows of an earlier one: `merge` updates them, `replace` replaces them. */
import { describe, expect, test, vi } from 'vitest';
import { type JsonRecord, json } from '../support/apis/contract.js';
import { plainApi } from '../support/apis/plain-api.js';
import { queryInteger } from '../support/apis/requests.js';
import { untilDisconnected } from '../support/ingest-check.js';
import { breaking } from '../support/ingest-process.js';
import { type SourceAddress, type TestSource, useSourceRuns } from '../support/source-runs.js';

const runs = useSourceRuns();
const { apis, database } = runs;

const PAGE = 5;
const COUNT = 40;

/** An API over records that a test changes, paged by offset. */
async function shelf(size: number = COUNT) {
  const records = { all: version('first', size) };
  const api = await apis.start(
    plainApi<never>({
      ...{ options: { limit: null }, streams: {}, method: 'GET', path: '/items' },
      answer(request) {
        const offset = queryInteger(request, 'offset', 0);
        const items = records.all.slice(offset, offset + PAGE);
        return json(200, { items, total: records.all.length });
      },
    }),
  );
  return { api, records };
}

function version(name: string, count: number): JsonRecord[] {
  return Array.from({ length: count }, (_, id) => ({ id, name }));
}

const parts = (disposition: string, resource: object = {}) => ({
  paginator: { type: 'offset', limit: PAGE },
  endpoint: { data_selector: 'items' },
  resource: { write_disposition: disposition, ...resource },
});

/** A new run over the stream. */
function again(source: TestSource, address: SourceAddress, ...killed: string[]) {
  const args = ['ingest', '--source', source.path, '--restart', '--json'];
  return runs.folder.start(args, runs.env(source, address), killed);
}

async function drainedAgain(source: TestSource, address: SourceAddress) {
  const exit = await again(source, address).end();
  expect(exit.code, exit.stdout + exit.stderr.slice(-3_000)).toBe(0);
  return exit;
}

async function killedAgain(source: TestSource, address: SourceAddress, commits: number) {
  const killed = await again(source, address, ...breaking(`kill=in:committed:${commits}`)).end();
  expect(killed.signal).toBe('SIGKILL');
  await untilDisconnected(database.pool);
}

async function namesIn(table: string): Promise<string[]> {
  const { rows } = await database.pool.query<{ name: string }>(
    `SELECT DISTINCT data ->> 'name' AS name FROM ${table} ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

async function verify(source: TestSource, address: SourceAddress, run: number) {
  const args = ['verify', '--source', source.path, '--run', String(run), '--json'];
  return runs.folder.run(args, runs.env(source, address));
}

describe('merge', () => {
  test('updates what has changed, through a kill, and both runs are proved', async () => {
    const { api, records } = await shelf();
    const source = runs.source(parts('merge'));
    const { result: first } = await runs.drain(source, api);
    records.all = [...version('first', 30), ...version('second', COUNT + 7).slice(30)];
    await killedAgain(source, api, 4);
    const { result } = await runs.drain(source, api);
    expect(result).toMatchObject({ inserted: 7, updated: 10, duplicate: 30, eventsIngested: 47 });
    expect(result?.warnings).toEqual([]);
    await runs.expectStored(source, api, records.all);
    const { code, result: proof } = await verify(source, api, Number(first?.run));
    expect(code).toBe(0);
    expect(proof).toMatchObject({ ok: true, inserted: 40, superseded: 10 });
  });

  test('says how many were updated', async () => {
    const { api, records } = await shelf(3);
    const source = runs.source(parts('merge'));
    await runs.drain(source, api);
    records.all = version('second', 3);
    const args = ['ingest', '--source', source.path, '--restart'];
    const { stdout } = await runs.folder.run(args, runs.env(source, api));
    expect(stdout).toContain('3 returned = 0 inserted + 3 updated + 0 duplicate');
    const status = await runs.folder.run(
      ['status', '--source', source.path],
      runs.env(source, api),
    );
    expect(status.stdout).toContain('3 rows updated, 0 duplicates');
  });

  test('repairs pages of a run that took rows over', async () => {
    const { api, records } = await shelf();
    const source = runs.source(parts('merge'));
    await runs.drain(source, api);
    records.all = version('second', COUNT);
    await drainedAgain(source, api);
    await database.pool.query(`DELETE FROM ${runs.table(source)} WHERE id = 12`);
    const args = ['verify', '--source', source.path, '--repair', '--json'];
    const { code, stdout, stderr } = await runs.folder.run(args, runs.env(source, api));
    expect(code, stdout + stderr.slice(-2_000)).toBe(0);
    await runs.expectStored(source, api, records.all);
  });
});

describe('replace', () => {
  test.each([
    ['with a key', {}],
    ['without a key', { primary_key: [] }],
  ])('shows the old rows until the new are complete, %s', async (_, resource) => {
    const { api, records } = await shelf();
    const source = runs.source(parts('replace', resource));
    const { result: first } = await runs.drain(source, api);
    await runs.expectStored(source, api, records.all);
    // What others have made of the table stays.
    await database.pool.query(
      `CREATE VIEW "${source.name}".seen AS SELECT data FROM ${runs.table(source)}`,
    );
    records.all = version('second', COUNT - 13);
    await killedAgain(source, api, 3);
    expect(await namesIn(runs.table(source))).toEqual(['first']);
    const { result } = await runs.drain(source, api);
    expect(result).toMatchObject({ inserted: COUNT - 13, duplicate: 0, warnings: [] });
    await runs.expectStored(source, api, records.all);
    expect(await namesIn(`"${source.name}".seen`)).toEqual(['second']);
    const proof = await verify(source, api, Number(first?.run));
    expect(proof.code).toBe(1);
    expect(proof.result?.message).toContain(
      `Run ${first?.run} has no rows any more: run ${result?.run} has replaced them.`,
    );
  });

  test('leaves the old rows when it is killed while the new take their place', async () => {
    const { api, records } = await shelf();
    const source = runs.source(parts('replace'));
    await runs.drain(source, api);
    records.all = version('second', COUNT);
    const reader = await database.pool.connect();
    try {
      await reader.query(`BEGIN; LOCK TABLE ${runs.table(source)} IN ROW EXCLUSIVE MODE`);
      const run = again(source, api);
      await vi.waitFor(
        async () => {
          const { rows } = await database.pool.query(
            "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'LOCK TABLE%'",
          );
          expect(rows).toHaveLength(1);
        },
        { timeout: 30_000, interval: 20 },
      );
      process.kill(run.pid, 'SIGKILL');
      await run.exited;
      await reader.query('COMMIT');
    } finally {
      reader.release();
    }
    await untilDisconnected(database.pool);
    expect(await namesIn(runs.table(source))).toEqual(['first']);
    const { result } = await runs.drain(source, api);
    expect(result).toMatchObject({ requests: 0 });
    await runs.expectStored(source, api, records.all);
  });

  test('leaves nothing of a run that another one has begun anew', async () => {
    const { api, records } = await shelf();
    const source = runs.source(parts('replace', { primary_key: [] }));
    await killedAgain(source, api, 3);
    await drainedAgain(source, api);
    await runs.expectStored(source, api, records.all);
  });

  test('loads what the table takes, and sets aside what it does not', async () => {
    const { api, records } = await shelf();
    const source = runs.source(parts('replace'));
    await runs.drain(source, api);
    await database.pool.query(`ALTER TABLE ${runs.table(source)}
      ADD COLUMN serial integer GENERATED ALWAYS AS IDENTITY,
      ADD COLUMN name text GENERATED ALWAYS AS (data ->> 'name') STORED,
      ADD CHECK (id <> 7 OR name = 'first')`);
    records.all = version('second', COUNT);
    const { result } = await drainedAgain(source, api);
    expect(result).toMatchObject({ inserted: COUNT - 1, quarantined: 1 });
    const kept = records.all.filter(({ id }) => id !== 7);
    await runs.expectStored(source, api, kept);
  });

  test('by none leaves an empty table', async () => {
    const { api, records } = await shelf();
    const source = runs.source(parts('replace'));
    await runs.drain(source, api);
    records.all = [];
    await drainedAgain(source, api);
    await runs.expectStored(source, api, []);
  });

  test('is not done with rows that are gone', async () => {
    const { api, records } = await shelf();
    const source = runs.source(parts('replace'));
    await runs.drain(source, api);
    records.all = version('second', COUNT);
    await killedAgain(source, api, 3);
    const loading = runs.table(source).replace(/"$/, '__loading"');
    await database.pool.query(`DELETE FROM ${loading} WHERE id < 3`);
    const { code, result } = await runs.ingest(source, api);
    expect(code).toBe(5);
    expect(result?.message).toContain(`the table ${loading}, into which run`);
    expect(await namesIn(runs.table(source))).toEqual(['first']);
    await drainedAgain(source, api);
    await runs.expectStored(source, api, records.all);
  });

  test('does not touch a table that is in its way', async () => {
    const { api } = await shelf();
    const source = runs.source(parts('replace'));
    const loading = runs.table(source).replace(/"$/, '__loading"');
    await database.pool.query(
      `CREATE SCHEMA "${source.name}"; CREATE TABLE ${loading} (id integer)`,
    );
    const { code, result } = await runs.ingest(source, api);
    expect(code).toBe(2);
    expect(result?.message).toContain(`The table ${loading} is in the way`);
  });

  test('is refused where rows of other tables refer to those that would go', async () => {
    const { api, records } = await shelf();
    const source = runs.source(parts('replace'));
    await runs.drain(source, api);
    await database.pool.query(
      `CREATE TABLE "${source.name}".notes (item bigint REFERENCES ${runs.table(source)} ON DELETE CASCADE)`,
    );
    records.all = version('second', COUNT);
    const { code, result } = await again(source, api).end();
    expect(code).toBe(2);
    expect(result?.message).toContain('the foreign key notes_item_fkey');
    expect(await namesIn(runs.table(source))).toEqual(['first']);
  });

  test('leaves the old rows where a trigger skips some of the new', async () => {
    const { api, records } = await shelf();
    const source = runs.source(parts('replace'));
    await runs.drain(source, api);
    await database.pool.query(`
      CREATE FUNCTION "${source.name}".skip() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF NEW.id = 7 THEN RETURN NULL; END IF; RETURN NEW; END $$;
      CREATE TRIGGER skip BEFORE INSERT ON ${runs.table(source)}
        FOR EACH ROW EXECUTE FUNCTION "${source.name}".skip()`);
    records.all = version('second', COUNT);
    const { code, result } = await again(source, api).end();
    expect(code).toBe(5);
    expect(result?.message).toContain(`took ${COUNT - 1} of ${COUNT} rows`);
    expect(await namesIn(runs.table(source))).toEqual(['first']);
    await database.pool.query(`DROP TRIGGER skip ON ${runs.table(source)}`);
    await runs.drain(source, api);
    await runs.expectStored(source, api, records.all);
  });

  test('keeps two sources apart that load into one table', async () => {
    const { api } = await shelf();
    const target = { stream: { target: { schema: 'shared', table: 'items' } } };
    const [first, second] = [0, 1].map(() => runs.source({ ...parts('replace'), ...target }));
    if (first === undefined || second === undefined) return expect.fail('there are two');
    await killedAgain(first, api, 3);
    const { code, result } = await runs.ingest(second, api);
    expect(code).toBe(2);
    expect(result?.message).toMatch(/^Run \d+, of another stream, loads into "shared"/);
    await runs.drain(first, api);
    await runs.drain(second, api);
    // Its rows were replaced: it is no longer finished.
    const { result: anew } = await runs.drain(first, api);
    expect(anew).toMatchObject({ status: 'complete', inserted: COUNT });
  });

  test('is refused before the first request where the table is of another form', async () => {
    const { api } = await shelf();
    const source = runs.source(parts('replace'));
    await database.pool.query(
      `CREATE SCHEMA "${source.name}"; CREATE TABLE ${runs.table(source)} (id integer)`,
    );
    const { code, result } = await runs.ingest(source, api);
    expect(code).toBe(5);
    expect(result?.message).toContain('is there already and is of another form');
    expect(api.requests).toHaveLength(0);
  });

  test('is repaired where its rows are', async () => {
    const { api, records } = await shelf();
    const source = runs.source(parts('replace'));
    await runs.drain(source, api);
    records.all = version('second', COUNT);
    await drainedAgain(source, api);
    await database.pool.query(`DELETE FROM ${runs.table(source)} WHERE id IN (3, 17)`);
    const args = ['verify', '--source', source.path, '--repair', '--json'];
    const { code, stdout, stderr } = await runs.folder.run(args, runs.env(source, api));
    expect(code, stdout + stderr.slice(-2_000)).toBe(0);
    await runs.expectStored(source, api, records.all);
  });
});
