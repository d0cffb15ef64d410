/** Triggers of the user on the table: what they keep from it is named, and never counted as stored. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listTriggers } from '../../src/database/table-triggers.js';
import { EVENTS_TABLE } from '../../src/postgres/stream-table.js';
import type { WriterSettings } from '../../src/protocol/writer-messages.js';
import { environmentFor, ledgerSums, useSimulator } from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { usePostgres } from '../support/postgres.js';
import { committed, countOf, resetTables, withWriter } from '../support/writer-database.js';
import { testPage, testRows } from '../support/writer-pages.js';

const database = usePostgres();
const simulate = useSimulator();
const folder = useIngestFolder();

/** Whether the row is one that a trigger is after: its id ends in 7. */
const CHOSEN = `right(NEW.id::text, 1) = '7'`;
const isChosen = (number: number): boolean => number % 16 === 7;

const hooks: readonly (readonly [kind: string, moment: string, body: string])[] = [
  ['skips rows', 'BEFORE', `IF ${CHOSEN} THEN RETURN NULL; END IF; RETURN NEW;`],
  [
    'gives rows another id',
    'BEFORE',
    `IF ${CHOSEN} THEN NEW.id := gen_random_uuid(); END IF; RETURN NEW;`,
  ],
  [
    'deletes rows',
    'AFTER',
    `IF ${CHOSEN} THEN DELETE FROM ingested_events WHERE id = NEW.id; END IF; RETURN NULL;`,
  ],
  ['raises an error', 'BEFORE', `IF ${CHOSEN} THEN RAISE 'not this one'; END IF; RETURN NEW;`],
];

async function hook(moment: string, body: string): Promise<void> {
  await database.pool.query(`
    CREATE OR REPLACE FUNCTION user_hook() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$;
    CREATE TRIGGER user_hook ${moment} INSERT ON ingested_events FOR EACH ROW EXECUTE FUNCTION user_hook()`);
}

beforeEach(() => resetTables(database.pool));

afterEach(async () => {
  await database.pool.query(`DROP TRIGGER IF EXISTS user_hook ON ingested_events;
    DROP RULE IF EXISTS user_rule ON ingested_events`);
});

async function write(
  numbers: readonly [count: number, first: number],
  page: number,
  settings: Partial<WriterSettings>,
) {
  return withWriter(database.connectionString, settings, async (writer) =>
    committed(await writer.write(testPage(testRows(...numbers), { page }))),
  );
}

async function quarantine() {
  const { rows } = await database.pool.query<{ page: number; index: number; reason: string }>(
    'SELECT page, index, reason FROM ingestion_quarantine ORDER BY page, index',
  );
  return rows;
}

describe.each(hooks)('a trigger that %s', (_, moment, body) => {
  test.each([
    ['copy', true],
    ['insert', true],
    ['copy', false],
    ['insert', false],
  ] as const)(
    'has them named in quarantine, by %s (known at the start: %s)',
    async (method, hasTriggers) => {
      await write([20, 0], 0, { method });
      await hook(moment, body);
      // Rows 0 to 19 are known: 7 among them, which is there and stays a duplicate where it is passed over.
      const result = await write([60, 0], 1, { method, hasTriggers });
      const { returned, inserted, duplicate, quarantined } = result.counts;
      expect(returned).toBe(inserted + duplicate + quarantined);
      const refused = (await quarantine()).map(({ page, index }) => [page, index]);
      expect(refused.slice(-2)).toEqual(
        [
          [1, 39],
          [1, 55],
        ].filter(([, index]) => isChosen(index ?? 0)),
      );
      expect(inserted).toBe(40 - 3);
      expect(await countOf(database.pool, 'ingested_events')).toBeGreaterThanOrEqual(20 + 40 - 3);
    },
  );
});

test('a trigger that only looks on changes no count', async () => {
  await hook('AFTER', 'RETURN NULL;');
  const result = await write([50, 0], 0, { method: 'copy' });
  expect(result.counts).toEqual({
    returned: 50,
    inserted: 50,
    updated: 0,
    duplicate: 0,
    known: 0,
    quarantined: 0,
  });
  expect((await write([60, 0], 1, {})).counts).toMatchObject({ inserted: 10, duplicate: 50 });
  expect(await quarantine()).toEqual([]);
});

test('triggers that are made, disabled or dropped while a writer is open are noticed', async () => {
  await withWriter(database.connectionString, { method: 'copy' }, async (writer) => {
    const [, moment, body] = hooks[0] ?? ['', '', ''];
    const at = async (page: number) =>
      committed(await writer.write(testPage(testRows(16, page * 16), { page })));
    expect(await at(0)).toMatchObject({ method: 'copy', counts: { inserted: 16 } });
    await hook(moment, body);
    expect(await at(1)).toMatchObject({
      method: 'insert',
      counts: { inserted: 15, quarantined: 1 },
    });
    await database.pool.query('ALTER TABLE ingested_events DISABLE TRIGGER user_hook');
    expect((await at(2)).counts).toMatchObject({ inserted: 16, quarantined: 0 });
  });
  expect(await listTriggers(database.pool, EVENTS_TABLE, false)).toEqual([]);
});

test('a run says at its start that there are triggers, and names what they skipped', async () => {
  const [, moment, body] = hooks[0] ?? ['', '', ''];
  await hook(moment, body);
  await database.pool.query('TRUNCATE ingestion_runs CASCADE');
  const simulator = await simulate({ events: 3_000 });
  const environment = environmentFor(simulator, database, { QUARANTINE_LIMIT: '1' });
  const { code, result, stderr } = await folder.run(['ingest', '--json'], environment);
  expect(code, stderr).toBe(0);
  expect(stderr).toContain('"event":"table_triggers"');
  const rows = await countOf(database.pool, 'ingested_events');
  expect(rows).toBeGreaterThan(2_500);
  expect(rows).toBeLessThan(3_000);
  expect(result).toMatchObject({
    inserted: rows,
    updated: 0,
    duplicate: 0,
    quarantined: 3_000 - rows,
  });
  const run = Number(result?.run);
  expect(await ledgerSums(database.pool, run)).toMatchObject({ returned: 3_000, unbalanced: 0 });
  expect((await folder.run(['verify', '--json'], environment)).code).toBe(0);
});

test('a rule on INSERT is refused at the start, with its name', async () => {
  await database.pool.query(
    'CREATE RULE user_rule AS ON INSERT TO ingested_events DO INSTEAD NOTHING',
  );
  const simulator = await simulate({ events: 3_000 });
  const { code, stderr } = await folder.run(
    ['ingest', '--json'],
    environmentFor(simulator, database),
  );
  expect(code).toBe(5);
  expect(stderr).toMatch(/the rule user_rule on INSERT.*DROP RULE/s);
});
