/** The command `worker`: it serves whatever runs are shared, until a signal. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { LogLine } from '../support/ingest-process.js';
import { useRedisServer } from '../support/redis-server.js';
import { useSharedRuns } from '../support/shared-runs.js';

const redis = useRedisServer();
const runs = useSharedRuns(redis);

/** What a worker says of runs, in order. */
function servings(log: string): string[] {
  return log.split('\n').flatMap((line) => {
    if (!line.includes('"event":"run_')) return [];
    const { event, run } = JSON.parse(line) as LogLine & { run: number };
    return /^run_(served|left|not_served)$/.test(String(event)) ? [`${event} ${run}`] : [];
  });
}

describe('a worker', () => {
  test('serves two runs of two sources at once, to their ends, and waits for more', async () => {
    const sources = [await runs.source(6), await runs.source(7)] as const;
    for (const source of sources) await runs.leftRun(source, 2);
    const worker = runs.worker('--source', ...sources.map(({ path }) => path));
    // Both wait for an answer: neither is over.
    for (const { api } of sources) await api.untilAsked();
    const over = worker.untilLog('run_left', { count: 2 });
    for (const { api } of sources) api.permit(100);
    await over;
    worker.signal('SIGTERM');
    const exit = await worker.end();
    expect(exit.code, exit.stderr.slice(-3_000)).toBe(0);
    const said = servings(exit.stderr);
    expect(said.slice(0, 2)).toEqual(['run_served 1', 'run_served 2']);
    expect(said.slice(2).sort()).toEqual(['run_left 1', 'run_left 2']);
    for (const source of sources) await runs.expectWhole(source);
    expect(await runs.holdings()).toEqual({ members: 0, held: 0 });
  });

  test('serves one after the other where it may serve but one', async () => {
    const sources = [await runs.source(4), await runs.source(4)] as const;
    for (const source of sources) await runs.leftRun(source, 2);
    const worker = runs.worker('--runs', '1', '--source', ...sources.map(({ path }) => path));
    for (const { api } of sources) {
      await api.untilAsked();
      const over = worker.untilLog('run_left');
      api.permit(100);
      await over;
    }
    worker.signal('SIGTERM');
    const exit = await worker.end();
    expect(exit.code).toBe(0);
    expect(servings(exit.stderr)).toEqual([
      ...['run_served 1', 'run_left 1', 'run_served 2', 'run_left 2'],
    ]);
    for (const source of sources) await runs.expectWhole(source);
  });

  test('helps a member that is at work, and leaves it the run when it is told to end', async () => {
    const source = await runs.source(5);
    const owner = runs.ingest(source);
    source.api.permit(2);
    await owner.untilLog('page_committed', { count: 2 });
    const worker = runs.worker('--source', source.path);
    await worker.untilLog('run_served');
    await expect.poll(async () => (await runs.holdings())?.members, { timeout: 60_000 }).toBe(2);
    worker.signal('SIGTERM');
    expect((await worker.end()).code).toBe(0);
    source.api.permit(100);
    expect(await owner.end()).toMatchObject({ code: 0, result: { status: 'complete' } });
    await runs.expectWhole(source);
  });

  test('hands back with a signal what nobody else works on, for the next worker', async () => {
    const source = await runs.source(6);
    await runs.leftRun(source, 2);
    const first = runs.worker('--source', source.path);
    await source.api.untilAsked();
    first.signal('SIGTERM');
    // What is under way is finished.
    source.api.permit(1);
    const exit = await first.end();
    expect(exit.code, exit.stderr.slice(-3_000)).toBe(0);
    expect(servings(exit.stderr)).toEqual(['run_served 1', 'run_left 1']);
    expect(await runs.holdings()).toEqual({ members: 0, held: 0 });
    expect(await runs.statusOf(source.name)).toBe('running');
    source.api.permit(100);
    const second = runs.worker('--source', source.path);
    await second.untilLog('run_left');
    second.signal('SIGINT');
    expect((await second.end()).code).toBe(0);
    await runs.expectWhole(source);
  });

  test('ends with a signal though it serves nothing', async () => {
    const worker = runs.worker();
    await worker.untilLog('worker_started');
    worker.signal('SIGTERM');
    expect((await worker.end()).code).toBe(0);
  });
});

describe('a run that a worker cannot serve is named, with the reason, and others are served', () => {
  /** A worker that knows the second source as it is. @param file of the first one, as the worker has it */
  async function serveBoth(file: string, left: (path: string) => Promise<void>) {
    const other = await runs.source(4);
    await left(other.path);
    await runs.leftRun(other, 2);
    other.api.permit(100);
    const worker = runs.worker('--source', file, other.path);
    const refused = worker.untilLog('run_not_served');
    await worker.untilLog('run_left');
    const { message } = await refused;
    worker.signal('SIGTERM');
    expect((await worker.end()).code).toBe(0);
    await runs.expectWhole(other);
    return message;
  }

  /** A file of the same name in another folder. */
  const copyOf = (name: string, origin: string, endpoint?: object) =>
    runs.write(join('copies', `${name}.json`), origin, endpoint);

  test('one of another origin', async () => {
    const source = await runs.source(4);
    const message = await serveBoth(copyOf(source.name, 'http://127.0.0.1:9'), () =>
      runs.leftRun(source, 2),
    );
    expect(message).toContain(`cannot help with run 1 of ${source.name}.items`);
    expect(message).toContain(source.api.origin);
    expect(message).toContain('http://127.0.0.1:9');
    expect(await runs.statusOf(source.name)).toBe('running');
  });

  test('one whose members have another source file', async () => {
    const source = await runs.source(4);
    const owner = runs.ingest(source);
    const file = copyOf(source.name, source.api.origin, { params: { with: 'other' } });
    const message = await serveBoth(file, async () => {
      source.api.permit(2);
      await owner.untilLog('page_committed', { count: 2 });
    });
    expect(message).toContain(`cannot help with run 1 of ${source.name}.items`);
    expect(message).toMatch(/process \d+ with another source file for shared_/);
    source.api.permit(100);
    expect((await owner.end()).code).toBe(0);
    await runs.expectWhole(source);
  });

  test('one whose file it was not given', async () => {
    const source = await runs.source(4);
    const other = await runs.source(4);
    await runs.leftRun(source, 2);
    await runs.leftRun(other, 2);
    other.api.permit(100);
    const worker = runs.worker('--source', other.path);
    const [refused] = await Promise.all([
      worker.untilLog('run_not_served'),
      worker.untilLog('run_left'),
    ]);
    expect(refused.message).toContain(`cannot help with run 1 of ${source.name}.items`);
    expect(refused.message).toContain('--source');
    await runs.expectWhole(other);
  });
});

describe('a worker that cannot share is refused', () => {
  const start = (...args: readonly string[]) => {
    const { REDIS_URL: _, ...env } = runs.env;
    return runs.folder.run(['worker', ...args], env);
  };

  test('without a Redis', async () => {
    const exit = await start();
    expect(exit.code).toBe(2);
    expect(exit.stderr).toContain('--redis redis://HOST:6379');
  });

  test.each([
    ['redis://127.0.0.1:1', 'Redis at 127.0.0.1:1: the connection was refused'],
    ['http://127.0.0.1:6379', 'REDIS_URL begins with http:'],
    ['localhost:6379', 'REDIS_URL begins with localhost:'],
    ['redis', 'REDIS_URL is not a URL'],
  ])('with one that is not there, or is none: %s', async (url, why) => {
    const exit = await start('--redis', url);
    expect(exit.code).toBe(2);
    expect(exit.stderr).toContain(why);
  });

  test.each(['0', '-1', '1.5', 'many'])('with a number of runs that is none: %s', async (count) => {
    expect((await start('--redis', redis.url, '--runs', count)).code).toBe(2);
  });
});
