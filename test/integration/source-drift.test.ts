/** An API that changes its records between two runs: what is told of it, and what becomes of declared columns. */
import { describe, expect, test } from 'vitest';
import { useAlertReceiver } from '../support/alert-receiver.js';
import type { JsonRecord } from '../support/apis/contract.js';
import type { Exit } from '../support/ingest-process.js';
import { COUNT, dispositionParts, LaterRuns } from '../support/later-runs.js';
import { type SourceAddress, type TestSource, useSourceRuns } from '../support/source-runs.js';

const runs = useSourceRuns();
const later = new LaterRuns(runs);
const receive = useAlertReceiver(() => []);

const COLUMNS = { columns: { price: { data_type: 'decimal' } } };

function records(of: (id: number) => JsonRecord): JsonRecord[] {
  return Array.from({ length: COUNT }, (_, id) => ({ id, ...of(id) }));
}

const before = (id: number): JsonRecord => ({ price: id + 0.5, legacy: 'x', user: { name: 'n' } });
/** Three prices that no decimal holds. */
const after = (id: number): JsonRecord => ({
  price: id < 3 ? 'on request' : id + 0.5,
  user: { name: 'n', score: id },
});

const report = (source: TestSource, address: SourceAddress, ...args: string[]): Promise<Exit> =>
  runs.folder.run(['report', '--source', source.path, ...args], runs.env(source, address));

describe('records that are not as in earlier runs', () => {
  test('are told once, in the result, the report and an alert; what does not fit is in quarantine', async () => {
    const receiver = await receive();
    const { api, records: shelf } = await later.shelf();
    shelf.all = records(before);
    const source = runs.source(dispositionParts('merge', COLUMNS));
    const address = {
      origin: api.origin,
      env: { ALERT_WEBHOOK_URL: receiver.url, QUARANTINE_LIMIT: '0.1' },
    };
    const first = await runs.drain(source, address);
    expect(first.result).toMatchObject({ warnings: [] });
    expect(receiver.told()).toEqual(['trigger finished']);

    shelf.all = records(after);
    const second = await later.drainedAgain(source, address);
    const warning =
      'legacy has vanished: in none of 40; price: text in 3 of 40, was decimal; user.score is new: integer in 40 of 40';
    expect(second.result).toMatchObject({
      ...{ status: 'complete', quarantined: 3 },
      warnings: [expect.stringContaining(warning)],
    });
    expect(second.stderr.match(/"fields_changed"/g)).toHaveLength(1);
    expect(receiver.posted.slice(1)).toMatchObject([
      {
        ...{ kind: 'schema_changed', action: 'trigger', severity: 'warning', state: 'complete' },
        reason: expect.stringContaining(warning),
        next: expect.stringContaining('datasync report'),
      },
      { kind: 'finished' },
    ]);
    expect(await runs.quarantine(source)).toMatchObject(
      [0, 1, 2].map((id) => ({
        reason: expect.stringContaining('invalid input syntax for type numeric'),
        raw_text: expect.stringContaining(`"id":${id},`),
      })),
    );
    const told = await report(source, address, '--json');
    expect(told.result).toMatchObject({
      fieldChanges: [
        { path: 'legacy', change: 'vanished', before: ['text'], now: [], records: 40, of: 40 },
        { path: 'price', change: 'type changed', before: ['decimal'], now: ['text'], records: 3 },
        { path: 'user.score', change: 'new', before: [], now: ['integer'], records: 40, of: 40 },
      ],
    });
    const { stdout } = await report(source, address);
    expect(stdout).toContain('price: text in 3 of 40, was decimal');

    const third = await later.drainedAgain(source, address);
    expect(third.result).toMatchObject({ warnings: [] });
    expect(receiver.told().slice(3)).toEqual(['trigger finished']);
  });
});

describe('declared columns that no longer fit', () => {
  const parts = (disposition: string, data_type = 'decimal') =>
    dispositionParts(disposition, { columns: { price: { data_type } } });
  /** All of the first two pages, which hold 5 records each. */
  const unfit = (id: number): JsonRecord => ({ price: id < 10 ? 'on request' : id });

  test.each(['append', 'merge', 'replace'])(
    'do not stop a run of %s while its quarantine is below the limit, whole pages of them neither',
    async (disposition) => {
      const { api, records: shelf } = await later.shelf();
      shelf.all = records(before);
      const source = runs.source(parts(disposition));
      const address = { origin: api.origin, env: { QUARANTINE_LIMIT: '0.3' } };
      await runs.drain(source, address);
      shelf.all = records(unfit).map((record) => ({ ...record, id: Number(record.id) + 100 }));
      const { result } = await later.drainedAgain(source, address);
      expect(result).toMatchObject({ status: 'complete', quarantined: 10, inserted: 30 });
      expect(await runs.quarantine(source)).toHaveLength(10);
      await runs.expectProved(source, address);
    },
  );

  test('end a run above the limit with what to look at, and the report says what has changed', async () => {
    const { api, records: shelf } = await later.shelf(1_200);
    const named = (price: string) => shelf.all.map((record) => ({ ...record, price }));
    shelf.all = named('1.5');
    const source = runs.source(parts('merge'));
    const address = { origin: api.origin, env: { BATCH_SIZE: '5' } };
    await runs.drain(source, address);
    shelf.all = named('on request').map((record) => ({ ...record, cents: 150 }));
    const exit = await later.again(source, address).end();
    expect(exit.code).toBe(1);
    expect(exit.result).toMatchObject({
      status: 'failed',
      fault: 'QUARANTINE_LIMIT',
      message: expect.stringMatching(/records went to quarantine.*quarantine list/s),
      warnings: [expect.stringContaining('cents is new: integer')],
    });
  });

  test('are told where the table has another type than the file declares now', async () => {
    const { api, records: shelf } = await later.shelf();
    shelf.all = records(before);
    const source = runs.source(parts('merge'));
    await runs.drain(source, api);
    runs.rewrite(source, parts('merge', 'text'));
    const { result } = await later.drainedAgain(source, api);
    const change = 'ALTER COLUMN "price" TYPE text USING "price"::text';
    expect(result).toMatchObject({
      warnings: [expect.stringContaining('price is numeric, not text. ')],
    });
    expect(JSON.stringify(result?.warnings)).toContain(JSON.stringify(change).slice(1, -1));
    await runs.database.pool.query(`ALTER TABLE ${runs.table(source)} ${change}`);
    expect((await later.drainedAgain(source, api)).result).toMatchObject({ warnings: [] });
  });
});
