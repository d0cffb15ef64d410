/** Databases that a run cannot use are told at the start, by `ingest` and by `doctor`, with what to do. */
import { describe, expect, test } from 'vitest';
import { environmentFor, useEmptyTables, useSimulator } from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';

const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();

describe('a database whose encoding lacks characters', () => {
  test.each(['LATIN1', 'SQL_ASCII'])('%s is refused before the first request', async (encoding) => {
    const url = new URL(database.connectionString);
    url.pathname += `_${encoding.toLowerCase()}`;
    const name = url.pathname.slice(1);
    await database.pool.query(
      `CREATE DATABASE ${name} TEMPLATE template0 ENCODING '${encoding}' LOCALE 'C'`,
    );
    try {
      const simulator = await simulate({ events: 1_000 });
      const environment = environmentFor(simulator, { connectionString: url.href });
      const exit = await folder.run(['ingest', '--json'], environment);
      expect(exit.code, exit.stderr).toBe(5);
      expect(exit.stderr).toContain(`the database ${name} has the encoding ${encoding}`);
      expect(exit.stderr).toContain('createdb --encoding=UTF8');
      expect(simulator.stats().eventsArrivalsMs).toEqual([]);
      const doctor = await folder.run(['doctor'], environment);
      expect(doctor.code).toBe(1);
      expect(doctor.stdout).toMatch(/^FAIL database .*createdb --encoding=UTF8/m);
    } finally {
      await database.pool.query(`DROP DATABASE ${name} WITH (FORCE)`);
    }
  });
});

test('a table of events that was dropped is told with the way back, which proves the new run', async () => {
  const simulator = await simulate({ events: 3_000 });
  const environment = environmentFor(simulator, database);
  expect((await folder.run(['ingest', '--json'], environment)).code).toBe(0);
  await database.pool.query('DROP TABLE ingested_events');
  for (const command of [['ingest', '--json'], ['status'], ['verify'], ['export-ids']]) {
    const exit = await folder.run(command, environment);
    expect(exit.code, command.join(' ')).toBe(5);
    expect(exit.stderr).toMatch(/table ingested_events is gone.*`datasync ingest --restart`/);
  }
  const doctor = await folder.run(['doctor'], environment);
  expect(doctor.stdout).toMatch(/^FAIL database .*ingest --restart/m);
  const again = await folder.run(['ingest', '--restart', '--json'], environment);
  expect(again.code, again.stderr).toBe(0);
  const proof = await folder.run(['verify', '--json'], environment);
  expect(proof.code, proof.stdout).toBe(0);
  expect(proof.result).toMatchObject({ ok: true, rows: 3_000 });
});
