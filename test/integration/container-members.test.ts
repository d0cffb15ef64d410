/** The main process of a container that is a member of a cluster. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freeHttpPort, standInSimulator, useContainer } from '../support/container.js';

const container = useContainer();

test.each(['ingest', 'worker'])('as a member it runs %s, and ends as it does', async (command) => {
  const port = await freeHttpPort();
  const running = container.start({ TARGET_API_KEY: 'a-real-key', ...port, STAND_IN: 'waits' }, [
    command,
    '--log-level',
    'debug',
  ]);
  await running.until(`answers for ${command}`);
  expect(running.said).toContain(`started with ["${command}","--log-level","debug"]`);
  expect(container.health(port)).toBe(0);
  expect(await running.stop('SIGTERM')).toBe(130);
  expect(running.said).toMatch(/drained\n[\s\S]*ended with exit code 130\n/);
  expect(running.said).not.toContain('answers for serve');
});

test('a member whose ingestion has ended ends with it, so that it can be started again', async () => {
  const running = container.start({ TARGET_API_KEY: 'a-real-key', STAND_IN: '5' }, ['ingest']);
  expect(await running.ended).toBe(5);
  expect(running.said).toContain('ingestion ended with exit code 5\n');
});

test('members take simulated events into the database of docker-compose.yml, and into no other', async () => {
  const { server, url } = await standInSimulator();
  const settings = { SIMULATE: 'own', SIMULATOR_URL: url };
  try {
    const DATABASE_URL = 'postgresql://u:p@db.example:5432/mine';
    const refused = container.start({ ...settings, DATABASE_URL }, ['ingest']);
    expect(await refused.ended).toBe(2);
    expect(refused.said).not.toContain('started with');
    const own = 'postgresql://postgres@assignment-postgres:5432/ingestion';
    const running = container.start({ ...settings, DATABASE_URL: own }, ['ingest']);
    expect(await running.ended).toBe(0);
    expect(running.said).toContain('started with ["ingest"]');
    expect(readFileSync(join(container.data, 'events-from'), 'utf8')).toBe('the simulator');
  } finally {
    server.close();
  }
});

test('of another source there is no simulator, and its members need no key of ours', async () => {
  const SIMULATOR_URL = 'http://s:1/api/v1';
  const running = container.start({ SOURCE: 'github', SIMULATOR_URL }, ['ingest']);
  expect(await running.ended).toBe(0);
  expect(running.said).toContain('started with ["ingest"]');
  expect(existsSync(join(container.app, '.env'))).toBe(false);
  expect(readFileSync(join(container.data, 'events-from'), 'utf8')).toBe('the API');
});

test('a command that is the main process itself is healthy while its port is ready', async () => {
  const { CONTAINER_HTTP_PORT: HTTP_PORT } = await freeHttpPort();
  expect(container.health({ HTTP_PORT })).toBe(1);
  const running = container.start({ HTTP_PORT, STAND_IN: 'waits' }, ['worker'], 'dist/src/main.js');
  await running.until('answers for worker');
  expect(container.health({ HTTP_PORT })).toBe(0);
  expect(container.health()).toBe(1);
});
