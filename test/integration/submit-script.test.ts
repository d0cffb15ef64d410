/** submit.sh: which way it goes, what it says when something is missing. */
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hasCommand, REPOSITORY, readRepositoryFile } from '../support/repository.js';
import { type ScriptRun, ScriptSandbox } from '../support/script-sandbox.js';

const URL = 'https://github.com/a/b';
const IDLE = { STUB_RUNNING: 'false' };

let sandbox: ScriptSandbox;
beforeEach(() => {
  sandbox = new ScriptSandbox();
  sandbox.write('submit.sh', readRepositoryFile('submit.sh'));
});
afterEach(() => sandbox.remove());

function submit(args: readonly string[], env: Record<string, string> = IDLE): Promise<ScriptRun> {
  return sandbox.run(args, env, { script: 'submit.sh' });
}

function isBuilt(): void {
  sandbox.write('dist/.built', '');
  sandbox.write('node_modules/.package-lock.json', '{}');
}

/** What was done but to look whether the container runs. */
function done(): string[] {
  return sandbox.calls().filter((call) => !call.startsWith('[docker][inspect]'));
}

describe('on this machine', () => {
  test('it hands arguments and exit codes on as they are', async () => {
    isBuilt();
    const run = await submit([URL, '--yes', '--output', 'two words'], { ...IDLE, STUB_EXIT: '3' });
    expect(run.code).toBe(3);
    expect(done()).toEqual([
      `[node][dist/src/main.js][submit][${URL}][--yes][--output][two words]`,
    ]);
  });

  test('before anything is built it says in one sentence what to do', async () => {
    const run = await submit([URL]);
    expect(run).toEqual({
      ...{ code: 2, stdout: '' },
      stderr: 'submit: nothing is built yet: run sh run-ingestion.sh first.\n',
    });
    expect(done()).toEqual([]);
  });

  test('with --json a set-up that fails is one JSON object', async () => {
    const run = await submit([URL, '--json']);
    expect(JSON.parse(run.stdout)).toMatchObject({
      ...{ status: 'failed', exitCode: 2, message: expect.stringMatching(/nothing is built yet/) },
    });
  });

  test('without node it says so', async () => {
    isBuilt();
    sandbox.removeCommand('node');
    expect(await submit([URL, '--local'])).toMatchObject({
      ...{ code: 2, stderr: expect.stringContaining('node is missing') },
    });
  });
});

describe('with the container up', () => {
  test('it submits from there, without a terminal that there is not', async () => {
    await submit([URL, '--yes'], {});
    const exec = '[docker][exec][assignment-ingestion][node][dist/src/main.js][submit]';
    expect(done()).toEqual([`${exec}[${URL}][--yes]`]);
  });

  test('--local stays on this machine', async () => {
    isBuilt();
    await submit(['--local', URL], {});
    expect(done()).toEqual([`[node][dist/src/main.js][submit][${URL}]`]);
  });
});

test('--docker without the container says so, and both ways at once are refused', async () => {
  expect(await submit(['--docker', URL])).toMatchObject({
    ...{ code: 2, stderr: expect.stringContaining('does not run') },
  });
  const both = await submit(['--docker', '--local', URL]);
  expect([both.code, both.stderr]).toEqual([
    2,
    'submit: --docker and --local exclude each other.\n',
  ]);
});

test('without a URL it shows how it is used, and --help is no fault', async () => {
  const none = await submit([]);
  expect([none.code, none.stdout]).toEqual([2, '']);
  expect(none.stderr).toContain('Usage: sh submit.sh');
  expect(await submit(['--help'])).toMatchObject({ code: 0, stderr: '' });
});

test('it is POSIX: dash reads it', (context) => {
  if (!hasCommand('dash')) return context.skip('dash is not installed');
  const { status, stderr } = spawnSync('dash', ['-n', 'submit.sh'], {
    cwd: REPOSITORY,
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
});
