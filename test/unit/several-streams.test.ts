/** What shows several streams of one process. */
import { Counter, Gauge } from 'prom-client';
import { expect, test } from 'vitest';
import { joinedLine } from '../../src/observe/joined-progress.js';
import { Registries } from '../../src/observe/registries.js';
import { parsePrometheus } from '../support/prometheus-text.js';

test('a metric of several streams is one family, with the labels of each', async () => {
  const registries = new Registries();
  registries.process.setDefaultLabels({ source: 's' });
  for (const [index, stream] of ['one', 'two'].entries()) {
    const registers = [registries.add({ source: 's', stream })];
    new Counter({ name: 'rows_total', help: 'Rows.', registers }).inc(index + 1);
  }
  const registers = [registries.of('two').registry];
  new Gauge({ name: 'only_two', help: 'Of one.', registers }).set(7);
  const text = await registries.metrics();
  expect(text.match(/# TYPE rows_total counter/g)).toHaveLength(1);
  const families = parsePrometheus(text);
  expect(families.get('rows_total')?.samples).toMatchObject([
    { labels: { source: 's', stream: 'one' }, value: 1 },
    { labels: { source: 's', stream: 'two' }, value: 2 },
  ]);
  expect(families.get('only_two')?.samples).toHaveLength(1);
  expect(families.has('process_resident_memory_bytes')).toBe(true);
});

test('a single stream has all in the registry of the process', () => {
  const registries = new Registries();
  expect(registries.of('one').registry).toBe(registries.process);
});

test('the line of several streams fits a terminal, however many there are', () => {
  const progress = { eventsIngested: 1_234_567, total: 3_000_000, eventsPerSecond: 842 };
  const rest = { remainingMs: null, boundBy: null };
  const of = (name: string) => [name, { ...progress, ...rest }] as const;
  expect(joinedLine([of('issues'), of('commits')])).toBe(
    'issues 41.2 % 842/s | commits 41.2 % 842/s',
  );
  const many = Array.from({ length: 8 }, (_, nth) => of(`a-long-stream-${nth}`));
  expect(joinedLine(many)).toMatch(/^8 streams, 6,736\/s: /);
  expect(joinedLine(many).length).toBeLessThanOrEqual(79);
});
