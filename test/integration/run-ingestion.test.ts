import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KEY_PLACEHOLDERS } from '../../src/config/placeholders.js';
import { ScriptSandbox } from '../support/script-sandbox.js';

const INGEST = '[node][dist/src/main.js][ingest]';
const KEY = { TARGET_API_KEY: 'a-real-key' };
const ENGINE = { STUB_ENGINE: '0' };

let sandbox: ScriptSandbox;
beforeEach(() => {
  sandbox = new ScriptSandbox();
});
afterEach(() => sandbox.remove());

function wentThroughDocker(): boolean {
  return sandbox.calls().some((call) => call.startsWith('[docker][compose][up]'));
}

describe('on this machine', () => {
  test('from nothing it makes .env, installs, builds and ingests', async () => {
    const run = await sandbox.run([]);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(sandbox.calls()).toEqual([
      '[npm][ci][--include=dev][--no-audit][--no-fund]',
      '[node][scripts/build.mjs]',
      INGEST,
    ]);
    expect(sandbox.list()).toContain('.env');
    expect(sandbox.leftovers()).toEqual([]);
  });

  test('a second run has nothing to do but to ingest, and says nothing of its own', async () => {
    await sandbox.run([]);
    sandbox.forgetCalls();
    const run = await sandbox.run([]);
    expect(run).toEqual({ code: 0, stdout: '{"status":"complete"}\n', stderr: '' });
    expect(sandbox.calls()).toEqual([INGEST]);
  });

  test('a newer lock file installs again', async () => {
    await sandbox.run([]);
    sandbox.forgetCalls();
    const later = new Date(Date.now() + 60_000);
    utimesSync(join(sandbox.folder, 'package-lock.json'), later, later);
    await sandbox.run([]);
    expect(sandbox.calls()[0]).toMatch(/^\[npm\]\[ci\]/);
  });

  test.each(['src/a.ts', 'workers/b.ts', 'scripts/bundle.mjs', 'tsconfig.json'])(
    'a newer %s builds again',
    async (file) => {
      await sandbox.run([]);
      sandbox.forgetCalls();
      sandbox.write(file, '');
      const later = new Date(Date.now() + 60_000);
      utimesSync(join(sandbox.folder, file), later, later);
      await sandbox.run([]);
      expect(sandbox.calls()).toEqual(['[node][scripts/build.mjs]', INGEST]);
    },
  );

  test('flags are forwarded as they are, and exit codes come back', async () => {
    const flags = ['--limit', '100', '--note', "two words and 'quotes' $HOME *", '--dry-run'];
    const run = await sandbox.run([...flags.slice(0, 2), '--local', ...flags.slice(2)], {
      STUB_EXIT: '3',
    });
    expect(run.code).toBe(3);
    expect(sandbox.calls().at(-1)).toBe(INGEST + flags.map((flag) => `[${flag}]`).join(''));
  });

  test('with --json standard output holds nothing but the result', async () => {
    const run = await sandbox.run(['--json']);
    expect(run.stdout).toBe('{"status":"complete"}\n');
    expect(run.stderr).toMatch(/Installing/);
    expect(sandbox.calls().at(-1)).toBe(`${INGEST}[--json]`);
  });

  test('it works from another folder, and through a symbolic link', async () => {
    const elsewhere = await sandbox.run(
      [],
      {},
      { from: '/', script: `${sandbox.folder}/run-ingestion.sh` },
    );
    expect(elsewhere.code).toBe(0);
    const link = await sandbox.run([], {}, { from: '/', script: sandbox.linkScript('a link.sh') });
    expect(link).toMatchObject({ code: 0, stderr: '' });
    expect(sandbox.calls().filter((call) => call.startsWith('[npm]'))).toHaveLength(1);
    expect(sandbox.list()).toContain('dist');
  });

  test('an existing .env is left alone', async () => {
    sandbox.write('.env', 'LOG_LEVEL=debug\n');
    const run = await sandbox.run([]);
    expect(run.stdout).not.toMatch(/\.env/);
  });

  test.each(['v18.20.4', 'v20.18.0', 'v20.9.9', 'v9.99.99', 'unknown'])(
    'Node %s is too old: one sentence, exit 2',
    async (version) => {
      const run = await sandbox.run([], { STUB_NODE_VERSION: version });
      expect(run.code).toBe(2);
      expect(run.stderr.trimEnd().split('\n')).toHaveLength(1);
      expect(run.stderr).toMatch(/Node 20\.18\.1 or newer is needed/);
      expect(sandbox.calls().filter((call) => !call.startsWith('[docker]'))).toEqual([]);
    },
  );

  test.each(['v20.18.1', 'v20.19.0', 'v22.0.0', 'v100.0.0'])(
    'Node %s is usable',
    async (version) => {
      expect((await sandbox.run([], { STUB_NODE_VERSION: version })).code).toBe(0);
    },
  );

  test('with --json a set-up that fails ends in one JSON object', async () => {
    const run = await sandbox.run(['--json'], { STUB_NODE_VERSION: 'v18.0.0' });
    expect(JSON.parse(run.stdout)).toEqual({
      ...{ status: 'failed', exitCode: 2, fault: null },
      message: expect.stringMatching(/^Node 20\.18\.1 or newer is needed/),
    });
  });

  test('a missing npm is named', async () => {
    sandbox.removeCommand('npm');
    const run = await sandbox.run([]);
    expect(run).toMatchObject({ code: 2, stderr: expect.stringMatching(/npm is missing/) });
  });

  test.each([
    ['npm error code ENOTFOUND', /registry cannot be reached/],
    ['npm error code EAI_AGAIN', /registry cannot be reached/],
    ['npm error nospc ENOSPC: no space left on device', /disk is full/],
    ['npm error code EACCES', /may not write in .*a copy/],
    ['npm error code EUSAGE', /could not be installed/],
  ])('a failed installation says why: %s', async (says, sentence) => {
    const run = await sandbox.run([], { STUB_NPM_SAYS: says });
    expect(run.code).toBe(1);
    expect(run.stderr.trimEnd().split('\n').at(-1)).toMatch(sentence);
    expect(sandbox.calls()).not.toContain(INGEST);
    expect(sandbox.leftovers()).toEqual([]);
  });

  test('a failed build ends it, and the next run builds again', async () => {
    const run = await sandbox.run([], { STUB_BUILD_SAYS: 'error TS2322' });
    expect(run).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/TS2322[\s\S]*build failed/),
    });
    sandbox.forgetCalls();
    expect((await sandbox.run([])).code).toBe(0);
    expect(sandbox.calls()).toEqual(['[node][scripts/build.mjs]', INGEST]);
  });
});

describe('which way', () => {
  test('a key and an engine: Docker', async () => {
    const run = await sandbox.run([], { ...KEY, ...ENGINE });
    expect(run.code).toBe(0);
    expect(wentThroughDocker()).toBe(true);
    expect(sandbox.calls().filter((call) => call.startsWith('[node]'))).toEqual([]);
  });

  test.each([
    'TARGET_API_KEY=k',
    'export TARGET_API_KEY="k" # mine',
    "  TARGET_API_KEY = 'k'  ",
    'TARGET_API_KEY=\nTARGET_API_KEY=k\r',
  ])('a key in .env counts: %j', async (line) => {
    sandbox.write('.env', `LOG_LEVEL=info\n${line}\n`);
    await sandbox.run([], { ...ENGINE, TARGET_API_KEY: '' });
    expect(wentThroughDocker()).toBe(true);
  });

  test.each<[string, Buffer]>([
    ['UTF-8 with a byte order mark', Buffer.from('\uFEFFTARGET_API_KEY=k\r\n')],
    ['UTF-16', Buffer.from('\uFEFFTARGET_API_KEY="k"\r\n', 'utf16le')],
    ['UTF-16 without a mark', Buffer.from('export TARGET_API_KEY=k\r\n', 'utf16le')],
    ['UTF-16, big end first', Buffer.from('\uFEFFTARGET_API_KEY=k\n', 'utf16le').swap16()],
  ])('a key in .env counts in %s', async (encoding, bytes) => {
    sandbox.write('.env', bytes);
    const run = await sandbox.run(['--json'], ENGINE);
    if (!encoding.startsWith('UTF-16')) return expect(wentThroughDocker()).toBe(true);
    // Compose would read none of it.
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(/\.env is in UTF-16.*save it as UTF-8/);
    expect(JSON.parse(run.stdout)).toMatchObject({ status: 'failed', exitCode: 2 });
  });

  test.each([
    '',
    '# TARGET_API_KEY=k',
    'TARGET_API_KEY=',
    'TARGET_API_KEY=""',
    'OTHER_TARGET_API_KEY=k',
  ])('no key in .env: %j', async (line) => {
    sandbox.write('.env', `${line}\n`);
    await sandbox.run([], ENGINE);
    expect(wentThroughDocker()).toBe(false);
  });

  test('every placeholder that the configuration knows counts as unset', async () => {
    for (const placeholder of KEY_PLACEHOLDERS) {
      await sandbox.run([], { ...ENGINE, TARGET_API_KEY: placeholder });
      await sandbox.run([], { ...ENGINE, TARGET_API_KEY: placeholder.toUpperCase() });
    }
    expect(KEY_PLACEHOLDERS.size).toBeGreaterThan(0);
    expect(wentThroughDocker()).toBe(false);
  });

  test('a key without an engine, or without compose: here', async () => {
    await sandbox.run([], KEY);
    sandbox.removeCommand('docker');
    await sandbox.run([], KEY);
    sandbox.stub('docker');
    await sandbox.run([], { ...KEY, ...ENGINE, STUB_COMPOSE: '1' });
    expect(wentThroughDocker()).toBe(false);
    expect(sandbox.calls().filter((call) => call === INGEST)).toHaveLength(3);
  });

  test('no usable Node but an engine: Docker', async () => {
    sandbox.removeCommand('node');
    const run = await sandbox.run([], ENGINE);
    expect(run.code).toBe(0);
    expect(wentThroughDocker()).toBe(true);
  });

  test('--local never goes through Docker', async () => {
    await sandbox.run(['--local'], { ...KEY, ...ENGINE });
    const run = await sandbox.run(['--local'], { ...KEY, ...ENGINE, STUB_NODE_VERSION: 'v16.0.0' });
    expect(run.code).toBe(2);
    expect(sandbox.calls().some((call) => call.startsWith('[docker]'))).toBe(false);
  });

  test('--docker without an engine, and both flags at once, are refused', async () => {
    expect(await sandbox.run(['--docker'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/no Docker engine answers/),
    });
    expect((await sandbox.run(['--docker', '--local'])).code).toBe(2);
    expect(sandbox.calls()).not.toContain(INGEST);
  });
});
