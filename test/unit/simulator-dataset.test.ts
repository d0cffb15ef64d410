import { expect, test } from 'vitest';
import { comparePositions, HIGHEST_ID, type Position } from '../../src/paging/position.js';
import { Dataset, NEWEST_MS } from '../../src/simulator/dataset.js';
import { mix32, unmix32 } from '../../src/simulator/hash.js';
import { expectedRows } from '../../src/simulator/truth.js';
import { Views } from '../../src/simulator/views.js';

const LIVE_EVENTS = 3_000_000;
const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const ZERO_ID = '00000000-0000-0000-0000-000000000000';

function datasetOf(events: number, seed = 1): Dataset {
  return new Dataset({ events, seed, hostileRows: 0, hostileKinds: 'all' });
}

/** Places whose instant is that of the place before. */
function tiedPlaces({ events }: Dataset): number[] {
  const places: number[] = [];
  for (let place = 1; place < events.count; place++) {
    if (events.msAt(place) === events.msAt(place - 1)) places.push(place);
  }
  return places;
}

test('the mix of an index is undone by its inverse', () => {
  for (let index = 0; index < 10_000; index++) {
    const value = Math.imul(index, 0x01000193) >>> 0;
    expect(unmix32(mix32(value))).toBe(value);
  }
});

test('three million events span the instants of the live API', () => {
  const { events } = datasetOf(LIVE_EVENTS);
  expect(events.msAt(0)).toBe(NEWEST_MS);
  expect(NEWEST_MS).toBe(1_769_541_612_369);
  expect(Math.abs(events.msAt(LIVE_EVENTS - 1) - 1_766_946_793_000)).toBeLessThan(1_000);
  const middleMs = events.msAt(LIVE_EVENTS / 2);
  const rate = ((LIVE_EVENTS / 2) * 1000) / (NEWEST_MS - middleMs);
  expect(rate).toBeCloseTo(1.156, 2);
});

test('events are ordered by instant, then id, both descending, with about one tie in a thousand', () => {
  const dataset = datasetOf(200_000);
  const positions: Position[] = [];
  for (let place = 0; place < 200_000; place++) positions.push(dataset.events.positionAt(place));
  const misplaced = positions.findIndex(
    (position, place) =>
      place > 0 && comparePositions(positions[place - 1] as Position, position) >= 0,
  );
  expect(misplaced).toBe(-1);
  const ties = tiedPlaces(dataset).length;
  expect(ties).toBeGreaterThan(120);
  expect(ties).toBeLessThan(280);
});

test('ids are distinct version 4 uuids and lead back to their place', () => {
  const { events } = datasetOf(50_000);
  const ids = new Set<string>();
  for (let place = 0; place < events.count; place++) {
    const id = events.idAt(place);
    ids.add(id);
    if (!UUID_V4.test(id) || events.placeOf(id) !== place) throw new Error(`${place}: ${id}`);
  }
  expect(ids.size).toBe(50_000);
  expect(events.placeOf(ZERO_ID)).toBeNull();
  expect(datasetOf(50_000, 2).events.placeOf(events.idAt(0))).toBeNull();
});

test('a seek to any row, tied or not, ends at the row after it', () => {
  const dataset = datasetOf(100_000);
  const { events } = dataset;
  const tied = tiedPlaces(dataset);
  expect(tied.length).toBeGreaterThan(0);
  const places = [0, 1, 77, 50_000, 99_999, ...tied, ...tied.map((place) => place - 1)];
  for (const place of places) {
    expect(events.firstAfter(events.positionAt(place))).toBe(place + 1);
  }
});

test('a zero id skips the rows of its instant, and the highest id includes them', () => {
  const dataset = datasetOf(100_000);
  const { events } = dataset;
  const second = tiedPlaces(dataset).find((place) => place > 10) as number;
  const ms = events.msAt(second);
  const first = events.firstAfter({ ms, id: HIGHEST_ID });
  const after = events.firstAfter({ ms, id: ZERO_ID });
  expect(first).toBeLessThan(second);
  expect(events.msAt(first)).toBe(ms);
  expect(events.msAt(first - 1)).toBeGreaterThan(ms);
  expect(after).toBeGreaterThan(second);
  expect(events.msAt(after)).toBeLessThan(ms);
});

test('positions beyond either end lead to the first place and past the last', () => {
  const { events } = datasetOf(1_000);
  expect(events.firstAfter({ ms: NEWEST_MS + 1, id: ZERO_ID })).toBe(0);
  expect(events.firstAfter({ ms: 0, id: HIGHEST_ID })).toBe(1_000);
  expect(datasetOf(0).events.firstAfter({ ms: NEWEST_MS, id: HIGHEST_ID })).toBe(0);
});

test('types, users and sessions have the shares of the live API', () => {
  const dataset = datasetOf(200_000);
  const types = new Map<string, number>();
  const users = new Set<string>();
  const sessions = new Set<number>();
  for (let event = 0; event < 200_000; event++) {
    const type = dataset.typeOf(event);
    types.set(type, (types.get(type) ?? 0) + 1);
    sessions.add(dataset.sessionOf(event));
  }
  for (let session = 0; session < 60_000; session++) users.add(dataset.userIdOf(session));
  const percent = (type: string) => Math.round((types.get(type) ?? 0) / 2_000);
  expect(percent('page_view')).toBe(35);
  expect(percent('click')).toBe(25);
  expect(percent('api_call')).toBe(10);
  expect(percent('form_submit')).toBe(10);
  for (const type of ['scroll', 'purchase', 'error', 'video_play']) expect(percent(type)).toBe(5);
  expect(users.size).toBe(3_000);
  expect(sessions.size).toBeGreaterThan(57_000);
  expect(Math.max(...sessions)).toBeLessThan(60_000);
});

test('the same seed gives the same rows, another seed other rows', () => {
  const settings = { events: 5_000, seed: 1, hostileRows: 0.1, hostileKinds: 'all' };
  const rows = expectedRows(settings);
  expect(expectedRows(settings)).toEqual(rows);
  expect(expectedRows({ ...settings, seed: 2 }).ids).not.toEqual(rows.ids);
});

test('the truth counts every event once, stored or kept aside', () => {
  const settings = { events: 20_000, seed: 4, hostileRows: 0.05, hostileKinds: 'all' };
  const { rowCount, quarantinedCount, ids, occurredAtMs } = expectedRows(settings);
  expect(rowCount + quarantinedCount).toBe(20_000);
  expect(ids.length).toBe(rowCount * 16);
  // Seven of ten hostile kinds cannot be stored, one is stored without an instant.
  expect(quarantinedCount).toBeGreaterThan(20_000 * 0.05 * 0.6);
  expect(quarantinedCount).toBeLessThan(20_000 * 0.05 * 0.8);
  const timeless = occurredAtMs.filter((ms) => Number.isNaN(ms)).length;
  expect(timeless).toBeGreaterThan(50);
  expect(timeless).toBeLessThan(160);
});

test('a filtered view holds exactly the events that fit, in order, and seeks among them', () => {
  const dataset = datasetOf(30_000);
  const views = new Views(dataset);
  const errors = views.events({ sessionId: null, type: 'error' });
  let expected = 0;
  for (let place = 0; place < 30_000; place++) {
    if (dataset.typeOf(dataset.events.entityAt(place)) !== 'error') continue;
    expect(errors.placeAt(expected)).toBe(place);
    expected++;
  }
  expect(errors.count).toBe(expected);
  expect(errors.firstAfter(errors.positionAt(100))).toBe(101);

  const session = dataset.sessionOf(0);
  const sessionId = dataset.sessions.idOf(session);
  const ofSession = views.events({ sessionId, type: null });
  expect(ofSession.count).toBeGreaterThan(0);
  for (let place = 0; place < ofSession.count; place++) {
    const entity = dataset.events.entityAt(ofSession.placeAt(place));
    expect(dataset.sessionOf(entity)).toBe(session);
  }
  expect(views.events({ sessionId: ZERO_ID, type: null }).count).toBe(0);
});
