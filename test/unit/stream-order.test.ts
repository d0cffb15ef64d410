/** Streams in layers: parents first, else in the order of the file. */
import { expect, test } from 'vitest';
import { ancestorsOf, streamLayers } from '../../src/source/stream-order.js';
import { planOf } from '../support/source-files.js';

const child = (name: string, parent: string) =>
  `  - { name: ${name}, endpoint: 'x/{resources.${parent}.id}/y' }\n`;
const { streams } = planOf(`client: { base_url: https://api.example.com }
resources:
${child('c', 'b')}${child('b', 'a')}  - a
  - z
${child('d', 'a')}  - list
${child('e', 'list')}x-ingestion: { resources: { list: { values: [{ id: 1 }] } } }
`);

test('each layer needs those before it', () => {
  expect(streamLayers(streams)).toEqual([['a', 'z', 'e'], ['b', 'd'], ['c']]);
});

test('ancestors are named from the nearest on; a list of the file is none', () => {
  expect(ancestorsOf('c', streams)).toEqual(['b', 'a']);
  expect(ancestorsOf('e', streams)).toEqual([]);
});
