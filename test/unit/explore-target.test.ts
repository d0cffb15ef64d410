/** What a configuration is explored as, and what is expected of it before anything was asked. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Config, Flags } from '../../src/config/config.js';
import { configFrom } from '../../src/config/read-settings.js';
import { readSource } from '../../src/config/read-source.js';
import { streamPages } from '../../src/explore/stream-pages.js';
import { subjectOf } from '../../src/explore/subject.js';
import { explorationTarget } from '../../src/session/exploration/exploration-session.js';
import { explorationFile } from '../../src/session/exploration/shown-exploration.js';
import { settingsFor } from '../../src/simulator/settings.js';
import { sourceOf } from '../../src/source/registry.js';
import { datasync, readConfig } from '../support/datasync.js';
import { readRepositoryFile } from '../support/repository.js';
import { fileWith, planOf } from '../support/source-files.js';

const OWN = readRepositoryFile('sources/datasync.yaml')
  .replaceAll('TARGET_API_KEY', 'MIRROR_KEY')
  .replace(/^.*target: .*$/m, '');
const folder = mkdtempSync(join(tmpdir(), 'datasync-target-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function configOf(
  text: string,
  environment: Readonly<Record<string, string>> = {},
  flags: Flags = {},
): Promise<Config> {
  const path = join(folder, 'mirror.yaml');
  writeFileSync(path, text);
  const read = await readSource(path);
  if (read.type === 'none') throw new Error(read.message);
  const result = configFrom(read, environment, flags);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.config;
}

function shippedConfig(environment: Readonly<Record<string, string>>, flags: Flags = {}): Config {
  const read = readConfig(environment, flags);
  if (!read.ok) throw new Error('the sample is good');
  return read.config;
}

const LIMITED =
  'x-ingestion: { limits: [{ quota: 30, window: 10s }, { quota: 5, window: 10s }] }\n';

test('the default source: the limit of its file, and the latency that its codec knows', () => {
  const { subject, expected } = explorationTarget(shippedConfig({ TARGET_API_KEY: 'k1' }));
  expect(expected).toEqual({ latencyMs: 4_000, policy: { quota: 10, windowMs: 60_000 } });
  expect(subject).toEqual(subjectOf(datasync));
  expect(subject.beside?.lists).toEqual(['sessions', 'metrics']);
});

test('its simulator: what the profile sets', () => {
  const { expected } = explorationTarget(shippedConfig({}, { simulate: true }));
  const { latencyMs, latencyJitterMs, eventsQuota, eventsWindowMs } = settingsFor('fast');
  expect(expected).toEqual({
    latencyMs: latencyMs + latencyJitterMs / 2,
    policy:
      eventsQuota === 0 ? datasync.defaultPolicy : { quota: eventsQuota, windowMs: eventsWindowMs },
  });
});

test("a file of one's own with a codec: its own limit, what its codec knows, and a file of its own", async () => {
  const text = OWN.replace('quota: 10', 'quota: 7');
  const config = await configOf(text, { MIRROR_KEY: 'k1' });
  const { subject, expected } = explorationTarget(config);
  expect(expected).toEqual({ latencyMs: 4_000, policy: { quota: 7, windowMs: 60_000 } });
  expect(subject).toEqual({ ...subjectOf(datasync), name: 'mirror.events' });
  expect(explorationFile(config)).toBe('mirror.events.exploration.json');
});

test.each([
  ['nothing', '', null],
  ['two limits: the tighter one', LIMITED, { quota: 5, windowMs: 10_000 }],
])('a file without a codec that declares %s', async (_, rest, policy) => {
  const config = await configOf(fileWith('name: items, endpoint: items', rest));
  const { subject, expected } = explorationTarget(config);
  expect(expected).toEqual({ latencyMs: 500, policy });
  expect(subject).toMatchObject({ name: 'mirror.items', places: 'none', beside: null });
});

test('several streams: one is to be chosen', async () => {
  const text =
    'client: { base_url: https://api.example.com }\nresources: [{ name: a, endpoint: a }, { name: b, endpoint: b }]\n';
  const config = await configOf(text);
  expect(() => explorationTarget(config)).toThrow(/one of mirror with --resource: a, b/);
});

test('a codec whose file has no order cannot seek, and a size is asked for by the name of the file', () => {
  const text = OWN.replace(/^ *order: .*$/m, '').replace('param: limit', 'param: per_page');
  const plan = planOf(text, 'mirror');
  const source = sourceOf({ plan, stream: 'events', nowMs: 0, secrets: [] });
  expect(subjectOf(source).places).toBe('none');
  const pages = streamPages(source, 'http://a.test/api/v1');
  const url = (cursor: string | null, limit: number | null) => pages.request({ cursor, limit }).url;
  expect(url(null, 7)).toBe('http://a.test/api/v1/events?per_page=7');
  expect(url(null, null)).toBe('http://a.test/api/v1/events');
  expect(url('c=&', null)).toBe('http://a.test/api/v1/events?cursor=c%3D%26');
});
