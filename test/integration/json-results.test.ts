/** --json: the last line is one JSON object, whatever happens to the command. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { environmentFor, useEmptyTables, useSimulator } from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { REPOSITORY } from '../support/repository.js';
import { finished } from '../support/script-sandbox.js';

const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();

const NOWHERE = {
  TARGET_API_KEY: 'a-key',
  API_BASE_URL: 'http://127.0.0.1:1/api/v1',
  DATABASE_URL: 'postgres://postgres:hunter2@127.0.0.1:1/none',
  DATABASE_WAIT: '0',
};
const URL = 'https://github.com/a/b';
const COMMANDS = [
  ['ingest'],
  ['status'],
  ['verify'],
  ['export-ids'],
  ['report'],
  ['submit', URL, '--yes'],
];

describe('a command that fails before its work', () => {
  test.each(COMMANDS)('%s, without a database', async (...args) => {
    const { code, result, stdout } = await folder.run([...args, '--json'], NOWHERE);
    expect(result).toEqual({
      ...{ status: 'failed', exitCode: 5, fault: 'DATABASE_UNAVAILABLE' },
      message: expect.stringMatching(/127\.0\.0\.1:1\/none/),
    });
    expect([code, stdout.trim().split('\n').length]).toEqual([5, 1]);
    expect(stdout).not.toMatch('hunter2');
  });

  test.each(COMMANDS)('%s, with settings that cannot be', async (...args) => {
    const environment = { ...NOWHERE, BATCH_SIZE: '0' };
    const { code, result } = await folder.run([...args, '--json'], environment);
    const message = expect.stringMatching(/BATCH_SIZE takes a whole number/);
    expect(result).toEqual({ status: 'failed', exitCode: 2, fault: null, message });
    expect(code).toBe(2);
  });

  test.each([
    ['a value that is none', ['ingest', '--limit', 'many'], /--limit/],
    [
      'a value out of range',
      ['ingest', '--limit', '100000000'],
      /^The configuration.*\n {2}--limit /,
    ],
    ['an unknown flag', ['explore', '--bugdet', '3'], /--bugdet/],
    ['an unknown command', ['ingset'], /ingset/],
    ['a port that cannot be', ['simulate', '--port', '70000'], /--port/],
    ['an address that is no repository', ['submit', 'x', '--yes'], /is no repository/],
  ])('%s', async (_, args, message) => {
    const { code, result } = await folder.run([...args, '--json'], {});
    expect(result).toMatchObject({
      ...{ status: 'failed', exitCode: 2, message: expect.stringMatching(message) },
    });
    expect(code).toBe(2);
  });

  test.each([
    ['status', 0, { status: 'none' }],
    ['verify', 1, { status: 'none', ok: false, exitCode: 1 }],
    ['export-ids', 1, { status: 'failed', exitCode: 1 }],
    ['report', 1, { status: 'failed', exitCode: 1 }],
  ] as const)('%s, without a run', async (command, exitCode, expected) => {
    const environment = { DATABASE_URL: database.connectionString };
    const { code, result } = await folder.run([command, '--json'], environment);
    const message = expect.stringMatching(/No run yet/);
    expect(result).toMatchObject({ ...expected, message });
    expect(code).toBe(exitCode);
  });
});

test('a run that fails says its fault and its exit code beside its figures', async () => {
  const simulator = await simulate();
  const environment = environmentFor(simulator, database, { TARGET_API_KEY: 'wrong' });
  const { code, result } = await folder.run(['ingest', '--json'], environment);
  expect(result).toMatchObject({
    ...{ status: 'failed', exitCode: 4, fault: 'CREDENTIALS', eventsIngested: 0 },
    message: expect.stringMatching(/refused the key/),
  });
  expect(code).toBe(4);
});

test('a signal while the database is waited for is a result too', async () => {
  const child = folder.start(['ingest', '--json'], { ...NOWHERE, DATABASE_WAIT: '60' });
  await child.untilLog('database_awaited');
  child.signal('SIGINT');
  const { code, result } = await child.end();
  expect(result).toMatchObject({ status: 'interrupted', exitCode: 130 });
  expect(code).toBe(130);
});

test('where standard output is what is exported, the result is on standard error', async () => {
  const environment = { DATABASE_URL: database.connectionString };
  const args = ['export-ids', '--output', '-', '--json'];
  const { stdout, stderr } = await folder.run(args, environment);
  expect(stdout).toBe('');
  expect(JSON.parse(stderr.trim().split('\n').at(-1) ?? '')).toMatchObject({ exitCode: 1 });
});

describe('standard output that is full', () => {
  async function intoFull(args: readonly string[], env: Record<string, string>) {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [join(REPOSITORY, 'dist/src/main.js'), ...args], {
      ...{ cwd: folder.path, env, stdio: ['ignore', full, 'pipe'] },
    });
    closeSync(full);
    return finished(child);
  }

  test('is told in one sentence, by an export and by any other command', async () => {
    const simulator = await simulate({ events: 2_000 });
    const environment = environmentFor(simulator, database, { LOG_LEVEL: 'warn' });
    expect((await folder.run(['ingest', '--json'], environment)).code).toBe(0);
    for (const args of [['export-ids', '--output', '-'], ['status'], ['verify', '--json']]) {
      const { code, stderr } = await intoFull(args, environment);
      expect(stderr, args.join(' ')).toMatch(
        /^(?:The disk is full|Standard output cannot be written \(ENOSPC\): the disk is full)/m,
      );
      expect(stderr).not.toMatch(/\n\s+at /);
      expect(code).toBe(1);
    }
  });
});
