/** The main process of the container, which keeps it up. */
import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freeHttpPort, LINKS, standInSimulator, useContainer } from '../support/container.js';

const INGESTS = { INGEST_ON_START: 'true', TARGET_API_KEY: 'a-real-key' };

const container = useContainer();

test('it stays idle until it is stopped when nobody asks for an ingestion', async () => {
  const running = container.start({ TARGET_API_KEY: 'a-real-key' });
  await running.until('idle');
  expect(container.health()).toBe(0);
  expect(await running.stop('SIGTERM')).toBe(0);
  expect(running.said).not.toContain('started with');
});

test('it runs an ingestion with the flags given, tells its exit code, and stays up', async () => {
  const running = container.start({
    ...INGESTS,
    INGEST_FLAGS: '--limit\n5\ntwo words',
    STAND_IN: '3',
  });
  await running.until('ingestion ended with exit code 3\n');
  expect(running.said).toContain('started with ["ingest","--limit","5","two words"]');
  expect(container.health()).toBe(0);
  expect(await running.stop('SIGTERM')).toBe(0);
});

test('commands run in the volume of results, not where the program lies', async () => {
  const running = container.start(INGESTS);
  await running.until('ingestion ended with exit code 0\n');
  expect(running.said).toContain(`runs in ${realpathSync(container.app)}\n`);
  await running.stop('SIGTERM');
  expect(readdirSync(container.app).sort()).toEqual([...LINKS].sort());
});

test('it is unhealthy after an ingestion that failed', async () => {
  const running = container.start({ ...INGESTS, STAND_IN: '4' });
  await running.until('ingestion ended with exit code 4\n');
  expect(container.health()).toBe(1);
});

test('on its port the ingestion answers while it runs, and the dashboard of earlier runs after it', async () => {
  const port = await freeHttpPort();
  // HTTP_PORT is for an ingestion of `docker exec`, not for this one.
  const running = container.start({ ...INGESTS, ...port, HTTP_PORT: '1', STAND_IN: 'waits' });
  await running.until('answers for ingest');
  expect(container.health(port)).toBe(0);
  running.signal('SIGINT');
  await running.until('answers for serve');
  expect(running.said.match(/started with .*/g)).toEqual([
    'started with ["ingest"]',
    'started with ["serve"]',
  ]);
  expect(container.health(port)).toBe(0);
  expect(await running.stop('SIGTERM')).toBe(0);
});

test('while idle the dashboard answers; what is not ready is unhealthy', async () => {
  const port = await freeHttpPort();
  const running = container.start({ TARGET_API_KEY: 'a-real-key', ...port, STAND_IN_READY: 'no' });
  await running.until('answers for serve');
  expect(container.health()).toBe(0);
  expect(container.health(port)).toBe(1);
  expect(await running.stop('SIGTERM')).toBe(0);
  expect(container.health(port)).toBe(1);
});

test('it is unhealthy when its main process no longer gives signs of life', () => {
  expect(container.health()).toBe(1);
  const stale = { phase: 'running', exitCode: null, atMs: Date.now() - 120_000 };
  writeFileSync(join(container.tmp, 'container.json'), JSON.stringify(stale));
  expect(container.health()).toBe(1);
});

test('SIGTERM lets the ingestion drain and then ends the container', async () => {
  const running = container.start({ ...INGESTS, STAND_IN: 'waits' });
  await running.until('started with');
  expect(await running.stop('SIGTERM')).toBe(130);
  expect(running.said).toMatch(/drained\n[\s\S]*ingestion ended with exit code 130\n/);
});

test('SIGINT interrupts the ingestion alone, and the container stays up', async () => {
  const running = container.start({ ...INGESTS, STAND_IN: 'waits' });
  await running.until('started with');
  running.signal('SIGINT');
  await running.until('ingestion ended with exit code 130\n');
  running.signal('SIGINT');
  expect(container.health()).toBe(0);
  expect(await running.stop('SIGTERM')).toBe(0);
});

test('without a key the simulator stands in, once it answers, for docker exec as well', async () => {
  const { server, url, asked } = await standInSimulator();
  try {
    const running = container.start({
      INGEST_ON_START: 'true',
      TARGET_API_KEY: 'your_api_key_here',
      SIMULATOR_URL: url,
      SIMULATE: 'true',
    });
    await running.until('ingestion ended with exit code 0\n');
    expect(asked).toEqual(['/health', '/health']);
    const env = readFileSync(join(container.app, '.env'), 'utf8');
    expect(env).toContain(`API_BASE_URL=${url}\nTARGET_API_KEY=simulator-key\n`);
  } finally {
    server.close();
  }
});

test('with a key the settings of the simulator are gone', async () => {
  writeFileSync(join(container.app, '.env'), 'TARGET_API_KEY=simulator-key\n');
  const running = container.start({
    TARGET_API_KEY: 'a-real-key',
    SIMULATOR_URL: 'http://s:1/api/v1',
  });
  await running.until('idle');
  expect(existsSync(join(container.app, '.env'))).toBe(false);
});

test('simulated events are not ingested unless SIMULATE says so', async () => {
  const running = container.start({ INGEST_ON_START: 'true', SIMULATOR_URL: 'http://s:1/api/v1' });
  await running.until('ingestion ended with exit code 2\n');
  expect(running.said).toMatch(/only with SIMULATE=true/);
  expect(running.said).not.toContain('started with');
});

test.each([
  ['real events after simulated ones', ['--simulate'], []],
  ['simulated events after real ones', [], ['--simulate']],
])('%s are refused: the volumes hold one kind', async (_name, firstFlags, secondFlags) => {
  const first = container.start({
    ...INGESTS,
    SIMULATE: 'true',
    INGEST_FLAGS: firstFlags.join('\n'),
  });
  await first.until('ingestion ended with exit code 0\n');
  await first.stop('SIGTERM');
  const second = container.start({
    ...INGESTS,
    SIMULATE: 'true',
    INGEST_FLAGS: secondFlags.join('\n'),
  });
  await second.until('ingestion ended with exit code 2\n');
  expect(second.said).toMatch(/docker compose down --volumes/);
  expect(second.said).not.toContain('started with');
});
