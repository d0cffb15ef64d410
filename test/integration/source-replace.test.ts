/** `replace`: a later run puts its rows in place of all others, once it is complete. */
import { describe, expect, test, vi } from 'vitest';
import { untilDisconnected } from '../support/ingest-check.js';
import { COUNT, dispositionParts, LaterRuns, version } from '../support/later-runs.js';
import { useSourceRuns } from '../support/source-runs.js';

const runs = useSourceRuns();
const { database } = runs;
const later = new LaterRuns(runs);

describe('replace', () => {
  test.each([
    ['with a key', {}],
    ['without a key', { primary_key: [] }],
  ])('shows the old rows until the new are complete, %s', async (_, resource) => {
    const { api, records } = await later.shelf();
    const source = runs.source(dispositionParts('replace', resource));
    const { result: first } = await runs.drain(source, api);
    await runs.expectStored(source, api, records.all);
    // What others have made of the table stays.
    await database.pool.query(
      `CREATE VIEW "${source.name}".seen AS SELECT data FROM ${runs.table(source)}`,
    );
    records.all = version('second', COUNT - 13);
    await later.killedAgain(source, api, 3);
    expect(await later.namesIn(runs.table(source))).toEqual(['first']);
    const { result } = await runs.drain(source, api);
    expect(result).toMatchObject({ inserted: COUNT - 13, duplicate: 0, warnings: [] });
    await runs.expectStored(source, api, records.all);
    expect(await later.namesIn(`"${source.name}".seen`)).toEqual(['second']);
    const proof = await later.verify(source, api, Number(first?.run));
    expect(proof.code).toBe(1);
    expect(proof.result?.message).toContain(
      `Run ${first?.run} has no rows any more: run ${result?.run} has replaced them.`,
    );
  });

  test('leaves the old rows when it is killed while the new take their place', async () => {
    const { api, records } = await later.shelf();
    const source = runs.source(dispositionParts('replace'));
    await runs.drain(source, api);
    records.all = version('second', COUNT);
    const reader = await database.pool.connect();
    try {
      await reader.query(`BEGIN; LOCK TABLE ${runs.table(source)} IN ROW EXCLUSIVE MODE`);
      const run = later.again(source, api);
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
    expect(await later.namesIn(runs.table(source))).toEqual(['first']);
    const { result } = await runs.drain(source, api);
    expect(result).toMatchObject({ requests: 0 });
    await runs.expectStored(source, api, records.all);
  });

  test('leaves nothing of a run that another one has begun anew', async () => {
    const { api, records } = await later.shelf();
    const source = runs.source(dispositionParts('replace', { primary_key: [] }));
    await later.killedAgain(source, api, 3);
    await later.drainedAgain(source, api);
    await runs.expectStored(source, api, records.all);
  });

  test('loads what the table takes, and sets aside what it does not', async () => {
    const { api, records } = await later.shelf();
    const source = runs.source(dispositionParts('replace'));
    await runs.drain(source, api);
    await database.pool.query(`ALTER TABLE ${runs.table(source)}
      ADD COLUMN serial integer GENERATED ALWAYS AS IDENTITY,
      ADD COLUMN name text GENERATED ALWAYS AS (data ->> 'name') STORED,
      ADD CHECK (id <> 7 OR name = 'first')`);
    records.all = version('second', COUNT);
    const { result } = await later.drainedAgain(source, api);
    expect(result).toMatchObject({ inserted: COUNT - 1, quarantined: 1 });
    const kept = records.all.filter(({ id }) => id !== 7);
    await runs.expectStored(source, api, kept);
  });

  test('by none leaves an empty table', async () => {
    const { api, records } = await later.shelf();
    const source = runs.source(dispositionParts('replace'));
    await runs.drain(source, api);
    records.all = [];
    await later.drainedAgain(source, api);
    await runs.expectStored(source, api, []);
  });

  test('is not done with rows that are gone', async () => {
    const { api, records } = await later.shelf();
    const source = runs.source(dispositionParts('replace'));
    await runs.drain(source, api);
    records.all = version('second', COUNT);
    await later.killedAgain(source, api, 3);
    const loading = runs.table(source).replace(/"$/, '__loading"');
    await database.pool.query(`DELETE FROM ${loading} WHERE id < 3`);
    const { code, result } = await runs.ingest(source, api);
    expect(code).toBe(5);
    expect(result?.message).toContain(`the table ${loading}, into which run`);
    expect(await later.namesIn(runs.table(source))).toEqual(['first']);
    await later.drainedAgain(source, api);
    await runs.expectStored(source, api, records.all);
  });

  test('does not touch a table that is in its way', async () => {
    const { api } = await later.shelf();
    const source = runs.source(dispositionParts('replace'));
    const loading = runs.table(source).replace(/"$/, '__loading"');
    await database.pool.query(
      `CREATE SCHEMA "${source.name}"; CREATE TABLE ${loading} (id integer)`,
    );
    const { code, result } = await runs.ingest(source, api);
    expect(code).toBe(2);
    expect(result?.message).toContain(`The table ${loading} is in the way`);
  });

  test('is refused where rows of other tables refer to those that would go', async () => {
    const { api, records } = await later.shelf();
    const source = runs.source(dispositionParts('replace'));
    await runs.drain(source, api);
    await database.pool.query(
      `CREATE TABLE "${source.name}".notes (item bigint REFERENCES ${runs.table(source)} ON DELETE CASCADE)`,
    );
    records.all = version('second', COUNT);
    const { code, result } = await later.again(source, api).end();
    expect(code).toBe(2);
    expect(result?.message).toContain('the foreign key notes_item_fkey');
    expect(await later.namesIn(runs.table(source))).toEqual(['first']);
  });

  test('sets aside a record that the table cannot refer with to another', async () => {
    const { api, records } = await later.shelf();
    const source = runs.source(dispositionParts('replace'));
    await runs.drain(source, api);
    await database.pool.query(`
      CREATE TABLE "${source.name}".owners (id bigint PRIMARY KEY);
      INSERT INTO "${source.name}".owners SELECT generate_series(0, ${COUNT - 1});
      ALTER TABLE ${runs.table(source)} ADD FOREIGN KEY (id) REFERENCES "${source.name}".owners`);
    records.all = version('second', COUNT + 1);
    const { result } = await later.drainedAgain(source, api);
    expect(result).toMatchObject({ inserted: COUNT, quarantined: 1 });
    expect(await later.namesIn(runs.table(source))).toEqual(['second']);
  });

  test('is refused while a run of another stream writes into the table', async () => {
    const { api } = await later.shelf();
    const target = { stream: { target: { schema: 'both', table: 'items' } } };
    const appending = runs.source({ ...dispositionParts('append'), ...target });
    const replacing = runs.source({ ...dispositionParts('replace'), ...target });
    await later.killedAgain(appending, api, 3);
    const { code, result } = await runs.ingest(replacing, api);
    expect(code).toBe(2);
    expect(result?.message).toMatch(/^Run \d+, of another stream, writes rows of "both"/);
  });

  test('is not begun in the middle of a run that appends', async () => {
    const { api, records } = await later.shelf();
    const source = runs.source(dispositionParts('append'));
    await later.killedAgain(source, api, 3);
    runs.rewrite(source, dispositionParts('replace'));
    const { code, result } = await runs.ingest(source, api);
    expect(code).toBe(2);
    expect(result?.message).toContain('has begun with write_disposition: append');
    await later.drainedAgain(source, api);
    await runs.expectStored(source, api, records.all);
  });

  test('says why it failed, and tries no more than that again', async () => {
    const { api, records } = await later.shelf();
    const source = runs.source(dispositionParts('replace'));
    await runs.drain(source, api);
    await database.pool.query(
      `CREATE RULE stay AS ON DELETE TO ${runs.table(source)} DO INSTEAD NOTHING`,
    );
    records.all = version('second', COUNT);
    const failed = await later.again(source, api).end();
    expect(failed.code).toBe(5);
    const status = ['status', '--source', source.path, '--json'];
    const told = await runs.folder.run(status, runs.env(source, api));
    expect(told.result).toMatchObject({ status: 'failed' });
    expect(told.stdout).toContain('keeps rows from going');
    await database.pool.query(`DROP RULE stay ON ${runs.table(source)}`);
    expect((await runs.drain(source, api)).result).toMatchObject({ requests: 0 });
    await runs.expectStored(source, api, records.all);
  });

  test('leaves the old rows where a trigger skips some of the new', async () => {
    const { api, records } = await later.shelf();
    const source = runs.source(dispositionParts('replace'));
    await runs.drain(source, api);
    await database.pool.query(`
      CREATE FUNCTION "${source.name}".pass_over() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF NEW.id = 7 THEN RETURN NULL; END IF; RETURN NEW; END $$;
      CREATE TRIGGER passes_over BEFORE INSERT ON ${runs.table(source)}
        FOR EACH ROW EXECUTE FUNCTION "${source.name}".pass_over()`);
    records.all = version('second', COUNT);
    const { code, result } = await later.again(source, api).end();
    expect(code).toBe(5);
    expect(result?.message).toContain(`took ${COUNT - 1} of ${COUNT} rows`);
    expect(await later.namesIn(runs.table(source))).toEqual(['first']);
    await database.pool.query(`DROP TRIGGER passes_over ON ${runs.table(source)}`);
    await runs.drain(source, api);
    await runs.expectStored(source, api, records.all);
  });

  test('keeps two sources apart that load into one table', async () => {
    const { api } = await later.shelf();
    const target = { stream: { target: { schema: 'shared', table: 'items' } } };
    const [first, second] = [0, 1].map(() =>
      runs.source({ ...dispositionParts('replace'), ...target }),
    );
    if (first === undefined || second === undefined) return expect.fail('there are two');
    await later.killedAgain(first, api, 3);
    const { code, result } = await runs.ingest(second, api);
    expect(code).toBe(2);
    expect(result?.message).toMatch(/^Run \d+, of another stream, writes rows of "shared"/);
    await runs.drain(first, api);
    await runs.drain(second, api);
    // Its rows were replaced: it is no longer finished.
    const { result: anew } = await runs.drain(first, api);
    expect(anew).toMatchObject({ status: 'complete', inserted: COUNT });
  });

  test('is refused before the first request where the table is of another form', async () => {
    const { api } = await later.shelf();
    const source = runs.source(dispositionParts('replace'));
    await database.pool.query(
      `CREATE SCHEMA "${source.name}"; CREATE TABLE ${runs.table(source)} (id integer)`,
    );
    const { code, result } = await runs.ingest(source, api);
    expect(code).toBe(5);
    expect(result?.message).toContain('is there already and is of another form');
    expect(api.requests).toHaveLength(0);
  });

  test('is repaired where its rows are', async () => {
    const { api, records } = await later.shelf();
    const source = runs.source(dispositionParts('replace'));
    await runs.drain(source, api);
    records.all = version('second', COUNT);
    await later.drainedAgain(source, api);
    await database.pool.query(`DELETE FROM ${runs.table(source)} WHERE id IN (3, 17)`);
    const args = ['verify', '--source', source.path, '--repair', '--json'];
    const { code, stdout, stderr } = await runs.folder.run(args, runs.env(source, api));
    expect(code, stdout + stderr.slice(-2_000)).toBe(0);
    await runs.expectStored(source, api, records.all);
  });
});
