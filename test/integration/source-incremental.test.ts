/** Runs that go on from what earlier runs have read: what they ask for, and what a kill leaves. */
import { describe, expect, test } from 'vitest';
import { filteredApi, type Grown, made, newestFirstApi, PAGE } from '../support/growing-api.js';
import { untilDisconnected } from '../support/ingest-check.js';
import { breaking, type Exit } from '../support/ingest-process.js';
import { useScriptedApi } from '../support/scripted-api.js';
import { type SourceAddress, type TestSource, useSourceRuns } from '../support/source-runs.js';

const runs = useSourceRuns();
const { database, folder } = runs;
const scripted = useScriptedApi();

const FILTERED = {
  paginator: { type: 'offset', limit: PAGE },
  endpoint: {
    data_selector: 'items',
    incremental: { cursor_path: 'made', start_param: 'since', end_param: 'until' },
  },
  resource: { write_disposition: 'merge' },
} as const;

const NEWEST_FIRST = {
  paginator: { type: 'cursor', cursor_path: 'next', cursor_param: 'cursor' },
  endpoint: { data_selector: 'items', incremental: { cursor_path: 'made', row_order: 'desc' } },
} as const;

function grownFrom(count: number): Grown {
  return { all: made(0, count), asked: [] };
}

/** The parameters of the requests since the last call. */
function askedOf({ asked }: Grown): Record<string, string>[] {
  return asked.splice(0);
}

function ingestWith(source: TestSource, at: SourceAddress, ...flags: string[]): Promise<Exit> {
  const args = ['ingest', '--source', source.path, '--json', ...flags];
  return folder.run(args, runs.env(source, at));
}

async function killed(source: TestSource, at: SourceAddress, when: string): Promise<void> {
  const exit = await runs.ingest(source, at, breaking(when));
  expect(exit.signal, exit.stdout + exit.stderr.slice(-2_000)).toBe('SIGKILL');
  await untilDisconnected(database.pool);
}

async function watermarkOf({ name }: TestSource): Promise<unknown> {
  const { rows } = await database.pool.query<{ value: string }>(
    'SELECT value FROM ingestion_watermarks WHERE source = $1',
    [name],
  );
  return rows[0] === undefined ? null : JSON.parse(rows[0].value);
}

describe('a source that is asked for what is new', () => {
  test('reads that alone, boundary included, through kills at any point', async () => {
    const grown = grownFrom(23);
    const api = await runs.apis.start(filteredApi(grown));
    const source = runs.source(FILTERED);
    await killed(source, api, 'kill=in:committed:2');
    expect(await watermarkOf(source)).toBeNull();
    await runs.drain(source, api);
    expect(await watermarkOf(source)).toBe(made(22, 1)[0]?.made);
    askedOf(grown);

    // One has changed since, which moves its instant; and one more is at the boundary.
    grown.all = [...made(1, 22), { ...made(30, 1, 'second')[0], id: 0 }, ...made(23, 5)];
    grown.all.push({ id: 99, name: 'first', made: String(made(22, 1)[0]?.made) });
    await killed(source, api, 'kill=in:committed:1');
    expect(await watermarkOf(source)).toBe(made(22, 1)[0]?.made);
    const { result } = await runs.drain(source, api);
    expect(result).toMatchObject({ inserted: 6, updated: 1, duplicate: 1, warnings: [] });
    const since = String(made(22, 1)[0]?.made);
    expect(askedOf(grown).every((asked) => asked.since === since)).toBe(true);
    await runs.expectStored(source, api, grown.all);

    const { result: last } = await runs.drain(source, api);
    expect(last).toMatchObject({ requests: 1, inserted: 0, updated: 0, duplicate: 1 });
    expect(await watermarkOf(source)).toBe(made(30, 1)[0]?.made);
    await runs.expectProved(source, api);
  });

  test('a kill between the last page and the end of the run loses nothing', async () => {
    const grown = grownFrom(7);
    const api = await runs.apis.start(filteredApi(grown));
    const source = runs.source(FILTERED);
    await killed(source, api, 'kill=out:finish:1');
    expect(await watermarkOf(source)).toBeNull();
    grown.all.push(...made(7, 3));
    await runs.drain(source, api);
    await runs.drain(source, api);
    await runs.expectStored(source, api, grown.all);
  });

  test('lag reads again what may have come late, and --full all of it', async () => {
    const grown = grownFrom(12);
    const api = await runs.apis.start(filteredApi(grown));
    const incremental = { ...FILTERED.endpoint.incremental, lag: '3m' };
    const source = runs.source({ ...FILTERED, endpoint: { ...FILTERED.endpoint, incremental } });
    await runs.drain(source, api);
    askedOf(grown);
    grown.all.push({ id: 50, name: 'late', made: String(made(9, 1)[0]?.made) });
    const { result } = await runs.drain(source, api);
    expect(result).toMatchObject({ inserted: 1, duplicate: 4 });
    expect(askedOf(grown)[0]).toMatchObject({ since: made(8, 1)[0]?.made });
    const { result: full } = await ingestWith(source, api, '--full');
    expect(full).toMatchObject({ status: 'complete', returned: 13, inserted: 0 });
    expect(askedOf(grown).some((asked) => 'since' in asked)).toBe(false);
    await runs.expectStored(source, api, grown.all);
  });

  test('--since and --until read a range, and leave the watermark', async () => {
    const grown = grownFrom(10);
    const api = await runs.apis.start(filteredApi(grown));
    const source = runs.source(FILTERED);
    await runs.drain(source, api);
    const before = await watermarkOf(source);
    grown.all.push(...made(10, 20));
    const [since, until] = [String(made(15, 1)[0]?.made), String(made(20, 1)[0]?.made)];
    const range = ['--since', since, '--until', until];
    const { result } = await ingestWith(source, api, ...range);
    expect(result).toMatchObject({ status: 'complete', inserted: 6 });
    expect(await watermarkOf(source)).toBe(before);
    askedOf(grown);
    await runs.drain(source, api);
    expect(askedOf(grown)[0]).toMatchObject({ since: before });
    await runs.expectStored(source, api, grown.all);
  });

  test('what no run can read is refused by name', async () => {
    const grown = grownFrom(3);
    const api = await runs.apis.start(filteredApi(grown));
    const whole = runs.source({
      paginator: FILTERED.paginator,
      endpoint: { data_selector: 'items' },
    });
    const refused = await ingestWith(whole, api, '--since', '2026-01-01');
    expect(refused.code).toBe(2);
    expect(refused.result?.message).toMatch(/is read as a whole: its file has no incremental/);
    const source = runs.source(FILTERED);
    const open = await ingestWith(source, api, '--full', '--until', 'x');
    expect(open.code).toBe(2);
    const empty = await ingestWith(source, api, '--since', '2026-02-01', '--until', '2026-01-01');
    expect(empty.code).toBe(2);
    expect(empty.result?.message).toMatch(/^--since lies behind --until/);
    await killed(source, api, 'kill=out:fetch:1');
    const other = await ingestWith(source, api, '--since', '2026-01-01T00:00:00.000Z');
    expect(other.code).toBe(2);
    expect(other.result?.message).toMatch(/which reads all of the stream, is not complete/);

    // Values of two fields make no watermark.
    const byName = { ...FILTERED.endpoint, incremental: { cursor_path: 'name' } };
    runs.rewrite(source, { ...FILTERED, endpoint: byName });
    const mixed = await ingestWith(source, api);
    expect(mixed.code).toBe(2);
    expect(mixed.result?.message).toMatch(
      /begun with cursor_path: made, and its source now says name/,
    );
    expect((await ingestWith(source, api, '--restart')).code).toBe(0);
    expect(await watermarkOf(source)).toBe('first');
  });
});

describe('a source whose newest records come first', () => {
  test('is read until it comes to older ones', async () => {
    const grown = grownFrom(42);
    const api = await runs.apis.start(newestFirstApi(grown));
    const source = runs.source(NEWEST_FIRST);
    await runs.drain(source, api);
    expect(askedOf(grown)).toHaveLength(9);
    grown.all.push(...made(42, 12));
    await killed(source, api, 'kill=in:committed:1');
    // How far the walk was ahead of its first commit is up to the machine.
    askedOf(grown);
    grown.all.push(...made(54, 2));
    const { result } = await runs.drain(source, api);
    expect(result).toMatchObject({ returned: 20, inserted: 12, warnings: [] });
    expect(askedOf(grown).length).toBeLessThanOrEqual(4);
    const { result: last } = await runs.drain(source, api);
    expect(last).toMatchObject({ requests: 2, inserted: 2 });
    await runs.expectStored(source, api, grown.all);
  });
});

test('DataSync: a second run fetches only the new pages', async () => {
  const row = (n: number) => ({
    id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
    timestamp: Date.UTC(2026, 0, 1) + n * 1000,
  });
  const rows = Array.from({ length: 60 }, (_, n) => row(n)).reverse();
  const api = await scripted({ rows });
  const env = {
    ...{ API_BASE_URL: api.baseUrl, TARGET_API_KEY: 'key', BATCH_SIZE: '10' },
    DATABASE_URL: database.connectionString,
  };
  const ingest = (...flags: string[]) => folder.run(['ingest', '--json', ...flags], env);
  expect((await ingest()).result).toMatchObject({ status: 'complete', inserted: 60, requests: 6 });
  for (let n = 60; n < 85; n++) rows.unshift(row(n));
  const second = await ingest();
  expect(second.result, second.stderr.slice(-2_000)).toMatchObject({ inserted: 25, warnings: [] });
  expect(second.result?.requests).toBeLessThanOrEqual(4);
  expect((await ingest()).result).toMatchObject({ inserted: 0, requests: 1 });
  const verified = await folder.run(['verify', '--json'], env);
  expect(verified.result, verified.stdout).toMatchObject({ ok: true, tableRows: 85 });
  // Rows of an earlier run that are gone are told of, though the newest run has not read them.
  await database.pool.query('DELETE FROM ingested_events WHERE id = $1', [row(3).id]);
  expect((await folder.run(['verify', '--json'], env)).code).not.toBe(0);
  const [since, until] = [row(2), row(5)].map(({ timestamp }) => new Date(timestamp).toISOString());
  const range = await ingest('--since', String(since), '--until', String(until));
  expect(range.result).toMatchObject({ status: 'complete', returned: 4, inserted: 1 });
});
