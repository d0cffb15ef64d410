/** Windows of time, walked by several chains at once where their records have a key. */
import { describe, expect, test } from 'vitest';
import { type JsonRecord, json } from '../support/apis/contract.js';
import { plainApi, problem } from '../support/apis/plain-api.js';
import { queryInteger } from '../support/apis/requests.js';
import { timeWindowApi } from '../support/apis/time-window-api.js';
import { untilDisconnected } from '../support/ingest-check.js';
import { breaking } from '../support/ingest-process.js';
import { useSourceRuns } from '../support/source-runs.js';

const runs = useSourceRuns();
const { apis, database } = runs;

const HOUR_MS = 3_600_000;
const FIRST_MS = Date.UTC(2024, 0, 1);
const iso = (hours: number): string => new Date(FIRST_MS + hours * HOUR_MS).toISOString();

/** Ten records an hour, in 120 hours. */
const long = { count: 1_200, recordsMax: 25, latencyMs: 40 };

const parts = (window: string, inner: object | string, resource: object = {}) => ({
  paginator: {
    ...{ type: 'time_window', start_param: 'start', end_param: 'end', window },
    ...{ start: iso(0), end: iso(120), split_on: [400], paginator: inner },
  },
  endpoint: { path: 'events', data_selector: 'events' },
  resource,
});

test('within the limit, in several segments', async () => {
  const limit = { quota: 60, windowMs: 1_000 };
  const api = await apis.start(timeWindowApi({ ...long, limit }));
  const source = runs.source(parts('4h', 'single_page'));
  await runs.drain(source, api);
  expect((await runs.facts(source)).segments).toBeGreaterThan(2);
  expect(api.refused).toBe(0);
  await runs.expectStored(source, api, api.records('events'));
});

test('behind a kill it goes on with what is missing', async () => {
  const api = await apis.start(timeWindowApi({ ...long, limit: null }));
  const source = runs.source(parts('4h', 'single_page'));
  for (const commits of [8, 12]) {
    const killed = await runs.ingest(source, api, breaking(`kill=in:committed:${commits}`));
    expect(killed.signal).toBe('SIGKILL');
    await untilDisconnected(database.pool);
  }
  const { pages } = await runs.facts(source);
  const { result } = await runs.drain(source, api);
  expect(result).toMatchObject({ resumedFrom: pages, warnings: [] });
  await runs.expectStored(source, api, api.records('events'));
});

test('without a key they are walked one after the other, and none is stored twice', async () => {
  const api = await apis.start(timeWindowApi({ ...long, count: 200, limit: null }));
  const source = runs.source(parts('4h', 'single_page', { primary_key: [] }));
  await runs.drain(source, api);
  expect((await runs.facts(source)).segments).toBe(1);
  await runs.expectStored(source, api, api.records('events'));
});

describe('with pages of their own inside', () => {
  const PAGE = 7;
  const records: JsonRecord[] = Array.from({ length: 900 }, (_, id) => ({
    ...{ id, at: new Date(FIRST_MS + id * 7 * 60_000).toISOString() },
  }));
  const paged = plainApi<never>({
    ...{ options: { limit: null, latencyMs: 20 }, streams: {}, method: 'GET', path: '/events' },
    answer(request) {
      const { searchParams } = request.url;
      const [from, to] = [searchParams.get('start') ?? '', searchParams.get('end') ?? ''];
      if (from === '') return problem(422, 'start is missing.');
      const inside = records.filter(({ at }) => String(at) >= from && String(at) < to);
      const offset = queryInteger(request, 'offset', 0);
      return json(200, { events: inside.slice(offset, offset + PAGE), total: inside.length });
    },
  });
  const inner = { type: 'offset', limit: PAGE, limit_param: 'size' };

  test.each([[[]], [[5, 20]], [[11, 3, 17]]])('killed behind %j pages', async (kills) => {
    const api = await apis.start(paged);
    const source = runs.source(parts('5h', inner));
    for (const commits of kills) {
      const killed = await runs.ingest(source, api, breaking(`kill=in:committed:${commits}`));
      expect(killed.signal).toBe('SIGKILL');
      await untilDisconnected(database.pool);
    }
    await runs.drain(source, api);
    expect((await runs.facts(source)).segments).toBeGreaterThan(1);
    await runs.expectStored(source, api, records);
  });
});

test('a thousand windows without a record are no walk that leads nowhere', async () => {
  const record = { id: 1, at: iso(119.5) };
  const api = await apis.start(
    plainApi<never>({
      ...{ options: { limit: null }, streams: {}, method: 'GET', path: '/events' },
      answer: ({ url }) => {
        const isInside = (url.searchParams.get('end') ?? '') > record.at;
        return json(200, { events: isInside ? [record] : [] });
      },
    }),
  );
  const source = runs.source(parts('5m', 'single_page'));
  await runs.drain(source, api);
  await runs.expectStored(source, api, [record]);
});
