/** `merge`: a later run updates the rows whose records have changed. */
import { describe, expect, test } from 'vitest';
import { COUNT, dispositionParts, LaterRuns, version } from '../support/later-runs.js';
import { useSourceRuns } from '../support/source-runs.js';

const runs = useSourceRuns();
const { database } = runs;
const later = new LaterRuns(runs);

describe('merge', () => {
  test('updates what has changed, through a kill, and both runs are proved', async () => {
    const { api, records } = await later.shelf();
    const source = runs.source(dispositionParts('merge'));
    const { result: first } = await runs.drain(source, api);
    records.all = [...version('first', 30), ...version('second', COUNT + 7).slice(30)];
    await later.killedAgain(source, api, 4);
    const { result } = await runs.drain(source, api);
    expect(result).toMatchObject({ inserted: 7, updated: 10, duplicate: 30, eventsIngested: 47 });
    expect(result?.warnings).toEqual([]);
    await runs.expectStored(source, api, records.all);
    const { code, result: proof } = await later.verify(source, api, Number(first?.run));
    expect(code).toBe(0);
    expect(proof).toMatchObject({ ok: true, inserted: 40, superseded: 10 });
  });

  test('takes rows that others have put there for what they are', async () => {
    const { api, records } = await later.shelf(12);
    const source = runs.source(dispositionParts('merge'));
    await database.pool.query(`CREATE SCHEMA "${source.name}";
      CREATE TABLE ${runs.table(source)} (id bigint PRIMARY KEY, occurred_at timestamptz, data jsonb);
      INSERT INTO ${runs.table(source)} (id, data)
        SELECT n, jsonb_build_object('id', n, 'name', CASE WHEN n < 7 THEN 'first' ELSE 'old' END)
        FROM generate_series(5, 25) AS n`);
    const { result } = await runs.drain(source, api);
    expect(result).toMatchObject({ inserted: 5, updated: 5, duplicate: 2, eventsIngested: 12 });
    expect(result?.warnings).toEqual([]);
    await runs.expectProved(source, api);
    records.all = version('second', 12);
    expect((await later.drainedAgain(source, api)).result).toMatchObject({ updated: 12 });
    await runs.expectProved(source, api);
  });

  test('says how many were updated', async () => {
    const { api, records } = await later.shelf(3);
    const source = runs.source(dispositionParts('merge'));
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
    const { api, records } = await later.shelf();
    const source = runs.source(dispositionParts('merge'));
    await runs.drain(source, api);
    records.all = version('second', COUNT);
    await later.drainedAgain(source, api);
    await database.pool.query(`DELETE FROM ${runs.table(source)} WHERE id = 12`);
    const args = ['verify', '--source', source.path, '--repair', '--json'];
    const { code, stdout, stderr } = await runs.folder.run(args, runs.env(source, api));
    expect(code, stdout + stderr.slice(-2_000)).toBe(0);
    await runs.expectStored(source, api, records.all);
  });
});
