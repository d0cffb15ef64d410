/** `ingest --redis`: what is said where the run cannot be shared, or is not to be had as it was asked for. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Exit } from '../support/ingest-process.js';
import { useRedisServer } from '../support/redis-server.js';
import { useSharedRuns } from '../support/shared-runs.js';

const PASSWORD = 'r3dis_p4ss_f2b9';
const redis = useRedisServer({ password: PASSWORD });
const runs = useSharedRuns(redis, PASSWORD);

const textOf = ({ stdout, stderr }: Exit): string => stdout + stderr;

/** All that the program has written into its folder. */
function filesText(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
}

async function ledgerText(): Promise<string> {
  const { pool } = runs.database;
  const { rows } = await pool.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class
     WHERE relname LIKE 'ingestion%' AND relkind = 'r' AND relnamespace = 'public'::regnamespace`,
  );
  const texts = await Promise.all(
    rows.map(({ name }) =>
      pool.query<{ text: string }>(`SELECT "${name}"::text AS text FROM "${name}"`),
    ),
  );
  return texts.flatMap((found) => found.rows.map(({ text }) => text)).join('\n');
}

describe('a Redis that cannot be used is told before anything is done, and its password is not', () => {
  const at = (url: string) => url.replace('HOST', `127.0.0.1:${redis.port}`);

  test.each([
    ['no URL', `redis ${PASSWORD}`, 'REDIS_URL is not a URL. It is to read redis://'],
    ['another protocol', `https://:${PASSWORD}@HOST`, 'REDIS_URL begins with https:.'],
    ['no host', `redis://:${PASSWORD}@`, 'REDIS_URL'],
    [
      'a path that is no number',
      `redis://:${PASSWORD}@HOST/${PASSWORD}`,
      'not the number of a database',
    ],
    [
      'nobody there',
      `redis://:${PASSWORD}@127.0.0.1:1`,
      'Redis at 127.0.0.1:1: the connection was refused',
    ],
    ['no password', 'redis://HOST', 'it asks for a password'],
    ['a wrong password', `redis://:no-${PASSWORD}@HOST`, 'it refuses user or password'],
    ['a database that is not there', `redis://:${PASSWORD}@HOST/999`, 'no database of that number'],
  ])('%s', async (_, url, why) => {
    const source = await runs.source(2);
    source.api.permit(100);
    const ingest = ['ingest', '--json', '--source', source.path];
    for (const args of [ingest, ['worker']]) {
      const exit = await runs.folder.run([...args, '--redis', at(url)], runs.env);
      expect(exit.code, textOf(exit)).toBe(2);
      expect(exit.stderr).toContain(why);
      // What to do.
      expect(exit.stderr).toMatch(/Check|It is to read/);
      expect(textOf(exit)).not.toContain(PASSWORD);
    }
    expect(source.api.requests).toEqual([]);
  });
});

test('--standby is refused where the run is shared, however that is said', async () => {
  const source = await runs.source(2);
  const byVariable = await runs.ingest(source, '--standby').end();
  expect(byVariable.code).toBe(2);
  expect(textOf(byVariable)).toContain('REDIS_URL is set');
  const byFlag = await runs.ingest(source, '--standby', '--redis', runs.env.REDIS_URL ?? '').end();
  expect(byFlag.code).toBe(2);
  expect(textOf(byFlag)).not.toContain(PASSWORD);
});

describe('beside members that are at work', () => {
  /** @param isUpdate the run reads what is new since the one before */
  async function withOwner(use: (path: string) => Promise<void>, isUpdate = false): Promise<void> {
    const source = await runs.source(5);
    if (isUpdate) {
      const incremental = { cursor_path: 'id', start_param: 'since' };
      runs.write(source.path, source.api.origin, { incremental });
      source.api.permit(5);
      expect((await runs.ingest(source).end()).code).toBe(0);
    }
    const owner = runs.ingest(source);
    source.api.permit(2);
    await owner.untilLog('page_committed', { count: 2 });
    await source.api.untilAsked();
    await use(source.path);
    source.api.permit(100);
    const run = isUpdate ? 2 : 1;
    expect(await owner.end()).toMatchObject({ code: 0, result: { run, status: 'complete' } });
    await runs.expectWhole(source);
  }

  async function expectRefused(path: string, ...args: readonly string[]): Promise<void> {
    const exit = await runs.ingest({ path }, ...args).end();
    expect(exit.code, exit.stderr).toBe(2);
    expect(textOf(exit)).toMatch(/Run \d, which reads .*, is worked on by \S+ process \d+\./);
    expect(textOf(exit)).toContain('Join it without --restart, --full, --since and --until');
  }

  test('--restart is refused, and says by whom', () =>
    withOwner((path) => expectRefused(path, '--restart')));

  test.each([['--full'], ['--since', '3']])(
    '%s is refused of a run that reads what is new',
    (...args) => withOwner((path) => expectRefused(path, ...args), true),
  );

  test('a process that shares nothing is refused, and told that it may join', () =>
    withOwner(async (path) => {
      const { REDIS_URL: _, ...env } = runs.env;
      const exit = await runs.folder.run(['ingest', '--source', path, '--json'], env);
      expect(exit.code, exit.stderr).toBe(1);
      expect(textOf(exit)).toMatch(/already being run by datasync-ingestion process \d+/);
      expect(textOf(exit)).toContain('Join it with --redis');
    }));

  test.each([
    ['without a flag', []],
    ['with --full, as the run reads all', ['--full']],
  ])('another one joins %s, and both end when the run does', async (_, args) => {
    let joined: Promise<Exit> | null = null;
    await withOwner(async (path) => {
      joined = runs.ingest({ path }, ...args).end();
      await expect.poll(async () => (await runs.holdings())?.members, { timeout: 60_000 }).toBe(2);
    });
    expect(await joined).toMatchObject({ code: 0, result: { run: 1, status: 'complete' } });
  });
});

test('the password of Redis is in nothing that a run leaves behind', async () => {
  const source = await runs.source(4);
  source.api.permit(100);
  const exit = await runs.ingest(source).end();
  expect(exit.code, exit.stderr).toBe(0);
  const left = {
    said: textOf(exit),
    files: filesText(runs.folder.path),
    ledger: await ledgerText(),
  };
  expect(left.files).toContain(source.name);
  expect(left.ledger).toContain(source.name);
  for (const [where, text] of Object.entries(left)) expect(text, where).not.toContain(PASSWORD);
});

test('a Redis that goes away for good does not end the run, nor keep the process from ending', async () => {
  const source = await runs.source(5);
  const owner = runs.ingest(source);
  source.api.permit(2);
  await owner.untilLog('page_committed', { count: 2 });
  const troubled = owner.untilLog('queue_trouble');
  await redis.stop();
  await troubled;
  source.api.permit(100);
  const exit = await owner.end();
  expect(exit, exit.stderr.slice(-3_000)).toMatchObject({
    code: 0,
    result: { status: 'complete' },
  });
  expect(textOf(exit)).not.toContain(PASSWORD);
  await runs.expectWhole(source);
});
