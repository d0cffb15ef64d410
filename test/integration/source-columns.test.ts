/** Columns of a source file of every type, and records that do not fit them or PostgreSQL. */
import { describe, expect, test } from 'vitest';
import type { JsonRecord } from '../support/apis/contract.js';
import { page, pageOfText, type WrittenPage, writtenPages } from '../support/apis/written-pages.js';
import { startFixtureServer } from '../support/fixture-server.js';
import { type SourceParts, useSourceRuns } from '../support/source-runs.js';

const runs = useSourceRuns();
const { apis, database } = runs;

const paginator = { type: 'cursor', cursor_path: 'next_page', cursor_param: 'page' };
/** Whatever is refused, the run goes on. */
const TOLERANT = { QUARANTINE_LIMIT: '1' };

async function drained(pages: readonly WrittenPage[], parts: SourceParts = {}) {
  const { origin } = await apis.start(writtenPages(pages));
  const address = { origin, env: TOLERANT };
  const source = runs.source({ paginator, endpoint: { data_selector: 'items' }, ...parts });
  const { result } = await runs.drain(source, address);
  return { address, source, result };
}

describe('a column of each type', () => {
  const TYPES = {
    ...{ t: 'text', i: 'bigint', f: 'double', b: 'bool', ts: 'timestamp', d: 'date' },
    ...{ tm: 'time', n: 'decimal', j: 'json', bin: 'binary' },
  } as const;
  const columns = Object.fromEntries(
    Object.entries(TYPES).map(([name, data_type]) => [name, { data_type }]),
  );
  const full = {
    ...{ id: 1, t: 'ä', i: 9_007_199_254_740_993n, f: 1.5, b: true },
    ...{ ts: '2024-02-29T12:30:00.123456+02:00', d: '2024-02-29', tm: '12:30:01.5' },
    ...{ n: 0.1, j: { deep: [1, null] }, bin: 'AAH/', other: 'in data alone' },
  };

  test('takes the values of records, and nothing where they have none', async () => {
    const records = [full, { id: 2 }, { ...emptied(full), id: 3 }];
    const { address, source } = await drained([page(records)], { resource: { columns } });
    await runs.expectStored(source, address, records);
    expect(await runs.columns(source)).toMatchObject({
      ...{ t: 'text', i: 'bigint', f: 'double precision', b: 'boolean' },
      ...{ ts: 'timestamp with time zone', d: 'date', tm: 'time without time zone' },
      ...{ n: 'numeric', j: 'jsonb', bin: 'bytea' },
    });
    const { rows } = await database.pool.query<Record<string, unknown>>(
      `SELECT t, i::text, f, b, (ts AT TIME ZONE 'UTC')::text AS utc, d::text, tm::text, n::text, j,
         encode(bin, 'hex') AS bin FROM ${runs.table(source)} ORDER BY id`,
    );
    expect(rows).toMatchObject([
      {
        ...{ t: 'ä', i: '9007199254740993', f: 1.5, b: true, d: '2024-02-29' },
        utc: '2024-02-29 10:30:00.123456',
        ...{ tm: '12:30:01.5', n: '0.1', j: { deep: [1, null] }, bin: '0001ff' },
      },
      { t: null, i: null, f: null, b: null, utc: null, d: null, tm: null, n: null, bin: null },
      { t: null, i: null, f: null, b: null, utc: null, d: null, tm: null, n: null, bin: null },
    ]);
  });

  test.each([
    ['i', 'much', 'invalid input syntax for type bigint: "much"'],
    ['i', 1.5, 'invalid input syntax for type bigint: "1.5"'],
    ['i', 9_223_372_036_854_775_808n, 'out of range for type bigint'],
    ['f', 'x', 'invalid input syntax for type double precision'],
    ['b', 'perhaps', 'invalid input syntax for type boolean'],
    ['ts', 'yesterday-ish', 'invalid input syntax for type timestamp with time zone'],
    ['d', '2023-02-29', 'date/time field value out of range'],
    ['tm', '25:00', 'date/time field value out of range'],
    ['n', '1,5', 'invalid input syntax for type numeric'],
    ['bin', 'no base64!', 'invalid'],
  ] as const)('sends a record whose %s is %s to quarantine', async (name, value, reason) => {
    const bad = { ...full, id: 2, [name]: value };
    const { address, source, result } = await drained([page([full, bad])], {
      resource: { columns },
    });
    await runs.expectStored(source, address, [full]);
    expect(result).toMatchObject({ inserted: 1, quarantined: 1 });
    expect(await runs.quarantine(source)).toEqual([
      { reason: expect.stringContaining(reason), raw_text: expect.stringContaining('"id":2') },
    ]);
  });

  test('that is not nullable sends a record without it to quarantine', async () => {
    const strict = { t: { data_type: 'text', nullable: false } };
    const { address, source } = await drained([page([{ id: 1, t: 'x' }, { id: 2 }])], {
      resource: { columns: strict },
    });
    await runs.expectStored(source, address, [{ id: 1, t: 'x' }]);
    expect(await runs.quarantine(source)).toMatchObject([
      { reason: expect.stringContaining('null value in column "t"') },
    ]);
  });

  test('is added to a table that has rows already', async () => {
    const { origin } = await apis.start(writtenPages([page([{ id: 1, t: 'x' }])]));
    const source = runs.source({ paginator, endpoint: { data_selector: 'items' } });
    await runs.drain(source, { origin });
    const { origin: other } = await apis.start(writtenPages([page([{ id: 2, t: 'y' }])]));
    runs.rewrite(source, {
      ...{ paginator, endpoint: { data_selector: 'items' } },
      resource: { columns: { t: { data_type: 'text' } } },
    });
    await runs.drain(source, { origin: other });
    const { rows } = await database.pool.query(
      `SELECT id, t FROM ${runs.table(source)} ORDER BY id`,
    );
    expect(rows).toMatchObject([{ t: null }, { t: 'y' }]);
  });
});

function emptied(record: JsonRecord): JsonRecord {
  return Object.fromEntries(Object.keys(record).map((name) => [name, null]));
}

describe('the instant of a record', () => {
  test.each([
    ['ISO 8601', '2024-02-29T12:30:00.5Z'],
    ['with an offset', '2024-02-29T14:30:00.5+02:00'],
    ['epoch milliseconds', 1_709_209_800_500],
    ['epoch seconds', 1_709_209_800.5],
    ['epoch seconds as text', '1709209800.5'],
    ['without a zone', '2024-02-29 12:30:00.5'],
  ])('%s becomes occurred_at', async (_, at) => {
    const { source } = await drained([page([{ id: 1, meta: { at } }])], {
      stream: { time: { path: 'meta.at' } },
    });
    const { rows } = await database.pool.query(`SELECT occurred_at FROM ${runs.table(source)}`);
    expect(rows).toEqual([{ occurred_at: new Date('2024-02-29T12:30:00.500Z') }]);
  });

  test('is null where there is none, and a record is refused where it is no instant', async () => {
    const records = [{ id: 1, at: null }, { id: 2 }, { id: 3, at: '' }, { id: 4, at: 'soon' }];
    const { address, source } = await drained([page(records)], {
      stream: { time: { path: 'at' } },
    });
    await runs.expectStored(source, address, records.slice(0, 3));
    expect(await runs.quarantine(source)).toHaveLength(1);
  });
});

describe('texts of every kind', () => {
  test('are stored as they came, but for NUL and half characters', async () => {
    const kept = [
      String.raw`{"id":"a","t":"\u00e4\ud83d\ude80\n\t\"\\u0000 is no escape\\"}`,
      '{"id":"ключ/🔑","t":"\u202eright to left ﷽"}',
      '{ "id" : "spaces" ,\n "t":1e400, "u":0.10 }',
    ];
    const refused = [
      String.raw`{"id":"nul","t":"a\u0000b"}`,
      String.raw`{"id":"half","t":"\ud83d"}`,
      String.raw`{"id":"nul\u0000key"}`,
    ];
    const { address, source } = await drained([pageOfText(`[${[...kept, ...refused].join(',')}]`)]);
    const { rows } = await database.pool.query<{ same: boolean }>(
      `SELECT data = ANY($1::jsonb[]) AS same FROM ${runs.table(source)}`,
      [kept],
    );
    expect(rows).toEqual([{ same: true }, { same: true }, { same: true }]);
    await runs.expectProved(source, address);
    const quarantined = await runs.quarantine(source);
    expect(quarantined.map(({ raw_text }) => raw_text).toSorted()).toEqual(refused.toSorted());
    expect(quarantined.filter(({ reason }) => reason.includes('u0000'))).toHaveLength(2);
  });

  test('that are no UTF-8 send their record to quarantine', async () => {
    const body = Buffer.concat([
      Buffer.from('{"items":[{"id":1},{"id":2,"t":"'),
      Buffer.from([0xc3, 0x28]),
      Buffer.from('"}],"next_page":null}'),
    ]);
    const server = await startFixtureServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    });
    try {
      const source = runs.source({ paginator, endpoint: { data_selector: 'items' } });
      const address = { ...server, env: TOLERANT };
      await runs.drain(source, address);
      await runs.expectStored(source, address, [{ id: 1 }]);
      expect(await runs.quarantine(source)).toMatchObject([
        { reason: expect.stringContaining('not valid UTF-8') },
      ]);
    } finally {
      await server.close();
    }
  });
});
