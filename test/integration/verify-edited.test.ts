/** `datasync verify` over tables and ledgers that were edited by hand. */
import { describe, expect, test } from 'vitest';
import { environmentFor } from '../support/ingest-check.js';
import { useVerifiedRuns } from '../support/verified-runs.js';

const { database, simulate, folder, verify, finishedRun, edit, expectProven, expectDifferences } =
  useVerifiedRuns();

/** The row that is edited: neither the first of its page nor the last. */
const A_ROW =
  '(SELECT id FROM ingested_events ORDER BY occurred_at DESC, id DESC LIMIT 1 OFFSET 2500)';
/** A page in the middle. */
const A_PAGE = `(run, segment, page) = (SELECT run, segment, page FROM ingestion_pages
  WHERE after_position IS NOT NULL AND through_position IS NOT NULL AND inserted > 2
  ORDER BY segment DESC, page LIMIT 1)`;

describe('an edit by hand is found', () => {
  test.each([
    ['a row deleted', `DELETE FROM ingested_events WHERE id = ${A_ROW}`, 'missing'],
    [
      'a row added to a page',
      `INSERT INTO ingested_events SELECT gen_random_uuid(), occurred_at, data, page
       FROM ingested_events WHERE id = ${A_ROW}`,
      'added',
    ],
    [
      'an id changed',
      `UPDATE ingested_events SET id = gen_random_uuid() WHERE id = ${A_ROW}`,
      'changed',
    ],
    [
      'occurred_at changed by 1 ms',
      `UPDATE ingested_events SET occurred_at = occurred_at + interval '1 ms' WHERE id = ${A_ROW}`,
      'changed',
    ],
    [
      'occurred_at changed by 1 µs',
      `UPDATE ingested_events SET occurred_at = occurred_at + interval '1 microsecond' WHERE id = ${A_ROW}`,
      'changed',
    ],
    [
      'a count of rows tampered with',
      `UPDATE ingestion_pages SET inserted = inserted - 1, duplicate = duplicate + 1 WHERE ${A_PAGE}`,
      'added',
    ],
    [
      'a digest tampered with',
      `UPDATE ingestion_pages SET digest = digest # 1 WHERE ${A_PAGE}`,
      'changed',
    ],
    [
      'a position that is none',
      `UPDATE ingestion_pages SET through_position = 'nowhere' WHERE ${A_PAGE}`,
      'ledger',
    ],
  ])('%s', async (_, sql, kind) => {
    const simulator = await finishedRun();
    await edit(sql);
    const [difference] = (await expectDifferences(simulator)).filter((one) => one.kind === kind);
    expect(difference?.where).toMatch(/^segment \d+, page \d+$/);
    expect(difference).toMatchObject({ segment: expect.any(Number), page: expect.any(Number) });
  });

  test('a row given to another page, at both', async () => {
    const simulator = await finishedRun();
    await edit(`UPDATE ingested_events SET page = (SELECT max(id) FROM ingestion_pages)
      WHERE id = ${A_ROW}`);
    const differences = await expectDifferences(simulator);
    expect(differences.map(({ kind }) => kind).sort()).toEqual(['added', 'missing']);
    for (const { where } of differences) expect(where).toMatch(/^segment \d+, page \d+$/);
  });

  test('counts that do not add up, where the constraint was dropped', async () => {
    const simulator = await finishedRun();
    const { rows } = await database.pool.query<{ name: string; form: string }>(
      `SELECT conname AS name, pg_get_constraintdef(oid) AS form FROM pg_constraint
       WHERE conrelid = 'ingestion_pages'::regclass AND contype = 'c'
         AND pg_get_constraintdef(oid) LIKE '%returned%'`,
    );
    expect(rows).toHaveLength(1);
    const { name = '', form = '' } = rows[0] ?? {};
    await database.pool.query(`ALTER TABLE ingestion_pages DROP CONSTRAINT ${name}`);
    try {
      await edit(`UPDATE ingestion_pages SET returned = returned + 1 WHERE ${A_PAGE}`);
      const [difference] = await expectDifferences(simulator);
      expect(difference).toMatchObject({
        kind: 'ledger',
        message: expect.stringContaining('is not'),
      });
    } finally {
      await edit('UPDATE ingestion_pages SET returned = inserted + duplicate + quarantined');
      await database.pool.query(`ALTER TABLE ingestion_pages ADD CONSTRAINT ${name} ${form}`);
    }
    await expectProven(simulator);
  });

  test('a page removed from the ledger', async () => {
    const simulator = await finishedRun();
    await edit(`DELETE FROM ingestion_pages WHERE ${A_PAGE}`);
    const kinds = (await expectDifferences(simulator)).map(({ kind }) => kind);
    expect(kinds).toEqual(['chain', 'added']);
  });

  test('rows without an owner, and of a page that there never was, by id', async () => {
    const simulator = await finishedRun();
    const [one, other] = [
      'aaaaaaaa-0000-4000-8000-000000000001',
      'aaaaaaaa-0000-4000-8000-000000000002',
    ];
    await edit(`INSERT INTO ingested_events (id, data, page)
      VALUES ('${one}', '{}', NULL), ('${other}', '{}', 77777)`);
    expect(await expectDifferences(simulator)).toEqual([
      {
        ...{ kind: 'added', where: 'page id 77777' },
        message: `1 row of a page that the ledger does not have: ${other}`,
      },
      {
        ...{ kind: 'added', where: 'rows without an owner' },
        message: `1 row that no page of the ledger wrote: ${one}`,
      },
    ]);
  });

  test('changed and added rows are named by id, for another transaction has written them', async () => {
    const simulator = await finishedRun();
    await edit(`UPDATE ingested_events SET occurred_at = occurred_at + interval '1 ms'
      WHERE id = ${A_ROW}`);
    const { rows } = await database.pool.query<{ id: string }>(
      'SELECT id FROM ingested_events ORDER BY xmin::text::bigint DESC LIMIT 1',
    );
    expect(await expectDifferences(simulator)).toMatchObject([
      { kind: 'changed', message: expect.stringContaining(`written since, ${rows[0]?.id}`) },
    ]);
  });

  test('a record removed from the quarantine, and one added', async () => {
    const simulator = await finishedRun({ hostileRows: 0.02, hostileKinds: 'noId' });
    await edit(`DELETE FROM ingestion_quarantine WHERE ctid =
      (SELECT ctid FROM ingestion_quarantine LIMIT 1)`);
    expect(await expectDifferences(simulator)).toMatchObject([{ kind: 'quarantine' }]);
    await edit(`INSERT INTO ingestion_quarantine VALUES (1, 99, 1, 0, 'by hand', 'x')`);
    expect(await expectDifferences(simulator)).toHaveLength(2);
  });

  test.each(['copy', 'insert'])(
    'the data of a row, where it was ingested by %s with PROVE_DATA, and only with --data',
    async (method) => {
      const simulator = await simulate({ events: 5_500 });
      const env = environmentFor(simulator, database, { PROVE_DATA: 'yes', WRITE_METHOD: method });
      expect((await folder.run(['ingest', '--json'], env)).code).toBe(0);
      const proof = await expectProven(simulator, '--data');
      expect(proof.dataPages).toBe(proof.pages);
      await edit(`UPDATE ingested_events SET data = data || '{"x":1}' WHERE id = ${A_ROW}`);
      expect((await expectProven(simulator)).dataPages).toBeNull();
      const { code, proof: failed } = await verify(simulator, '--data');
      expect(code).toBe(1);
      expect(failed.differences).toMatchObject([
        { kind: 'changed', message: expect.stringContaining('id, occurred_at or data') },
      ]);
    },
  );

  test('control: without PROVE_DATA an edit of the data alone is not seen, and the text says so', async () => {
    const simulator = await finishedRun();
    await edit(`UPDATE ingested_events SET data = '{}' WHERE id = ${A_ROW}`);
    expect((await expectProven(simulator, '--data')).dataPages).toBe(0);
    const env = environmentFor(simulator, database, { LOG_LEVEL: 'warn' });
    const { stdout } = await folder.run(['verify', '--data'], env);
    expect(stdout).toContain('no digest of the data');
  });
});
