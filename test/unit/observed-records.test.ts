/** How many of a session's records are looked at: all of a small stream, a bounded share of a large one. */
import { expect, test } from 'vitest';
import type { RecordFacts } from '../../src/protocol/record-facts.js';
import { ObservedRecords } from '../../workers/writer/observed-records.js';
import { testId, testPage } from '../support/writer-pages.js';

const MIB = 1_048_576;

const pageOf = (count: number, record: (index: number) => string) =>
  testPage(
    Array.from({ length: count }, (_, index) => ({
      ...{ id: testId(index), ms: Number.NaN, record: record(index) },
    })),
  ).batch;

const lookedAt = ({ fields }: RecordFacts): number =>
  Object.values(fields[0]?.counts ?? {}).reduce((sum, count) => sum + count, 0);

/** @returns how many records of `pages` equal pages are looked at */
function observe(batch: Parameters<ObservedRecords['observe']>[0], pages: number): number {
  const observed = new ObservedRecords();
  for (let page = 0; page < pages; page++) observed.observe(batch);
  return lookedAt(observed.facts());
}

test('all records of a small stream are looked at, but for what is no JSON', () => {
  expect(
    observe(
      pageOf(100, (id) => JSON.stringify({ id })),
      3,
    ),
  ).toBe(300);
  expect(
    observe(
      pageOf(4, (id) => (id === 2 ? '{"id":' : '{}')),
      1,
    ),
  ).toBe(3);
  expect(
    observe(
      pageOf(0, () => '{}'),
      1,
    ),
  ).toBe(0);
});

test('of a large one about a megabyte, and then one byte in 400', () => {
  const batch = pageOf(1_000, (id) => JSON.stringify({ id, text: 'x'.repeat(980) }));
  const pages = 400;
  const bytes = observe(batch, pages) * (batch.bodyBytes / batch.rowCount);
  const wanted = MIB + (batch.bodyBytes * pages) / 400;
  expect(bytes / wanted).toBeGreaterThan(0.99);
  expect(bytes / wanted).toBeLessThan(1.01);
});

test('they are spread over a page', () => {
  const batch = pageOf(10_000, (id) =>
    JSON.stringify({ [`at${Math.floor(id / 1_000)}`]: 'x'.repeat(200) }),
  );
  const observed = new ObservedRecords();
  observed.observe(batch);
  const { fields } = observed.facts();
  const parts = fields.slice(1).map(({ counts }) => counts.text ?? 0);
  expect(parts).toHaveLength(10);
  expect(Math.max(...parts) - Math.min(...parts)).toBeLessThanOrEqual(1);
});

test('records larger than what is left are paid for by those that follow', () => {
  const batch = pageOf(1, () => JSON.stringify({ text: 'x'.repeat(3 * MIB) }));
  expect(observe(batch, 1)).toBe(1);
  expect(observe(batch, 300)).toBe(2);
});
