/** The npm scripts that are commands, in a folder of their own with a stand-in for build and program. */
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { check, REPOSITORY, readRepositoryFile } from '../support/repository.js';
import { finished, type ScriptRun } from '../support/script-sandbox.js';

const PROGRAM = `console.log(process.pid, ...process.argv.slice(2));`;
const BUILD = `
import { mkdirSync, writeFileSync } from 'node:fs';
console.log('compiling');
if (process.env.BREAKS) process.exit(1);
mkdirSync('dist/src', { recursive: true });
writeFileSync('dist/src/main.js', ${JSON.stringify(PROGRAM)});
writeFileSync('dist/.built', '');
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'npm scripts '));
  mkdirSync(join(folder, 'scripts'));
  for (const file of ['package.json', 'scripts/datasync.sh']) {
    copyFileSync(join(REPOSITORY, file), join(folder, file));
  }
  writeFileSync(join(folder, 'scripts/build.mjs'), BUILD);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function install(): void {
  mkdirSync(join(folder, 'node_modules/typescript'), { recursive: true });
}

function npm(args: readonly string[], changes: Record<string, string> = {}): Promise<ScriptRun> {
  const env = { ...process.env, npm_config_update_notifier: 'false', ...changes };
  return finished(spawn('npm', ['run', '--silent', ...args], { cwd: folder, env }));
}

test('every command of the program but completion is an npm script, and nothing else is', () => {
  const { scripts } = JSON.parse(readRepositoryFile('package.json')) as {
    scripts: Record<string, string>;
  };
  const named = Object.entries(scripts).filter(([, text]) => text.includes('datasync.sh'));
  for (const [name, text] of named) expect(text).toBe(`exec sh scripts/datasync.sh ${name}`);
  const { output } = check(process.execPath, 'dist/src/main.js', '--help');
  const [, listed = ''] = /^Commands:\n([\s\S]*?)\n\n/m.exec(output) ?? [];
  const commands = [...listed.matchAll(/^ {2}([a-z-]+)/gm)].map((match) => match[1]);
  const others = ['completion', 'help'];
  expect(commands).toEqual(expect.arrayContaining(['ingest', 'worker', ...others]));
  expect(new Set(named.map(([name]) => name))).toEqual(
    new Set(commands.filter((name) => !others.includes(name ?? ''))),
  );
  expect(Object.values(scripts).filter((text) => text.includes('dist/src/main.js'))).toEqual([]);
});

test('where nothing is installed it is said what to do, without a stack', async () => {
  const run = await npm(['status']);
  expect(run).toMatchObject({ code: 2, stdout: '' });
  expect(run.stderr).toMatch(/^Nothing is installed here yet: run npm ci --include=dev/);
  expect(run.stderr.trimEnd().split('\n')).toHaveLength(1);
  const { stdout } = await npm(['status', '--', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ status: 'failed', exitCode: 2 });
});

test('the first command builds, beside standard output, and the next does not', async () => {
  install();
  const first = await npm(['status', '--', '--run', '1']);
  expect(first.code, first.stderr).toBe(0);
  expect(first.stdout).toMatch(/^\d+ status --run 1\n$/);
  expect(first.stderr).toBe('Building (once) ...\ncompiling\n');
  expect(await npm(['status'])).toMatchObject({ code: 0, stderr: '' });
});

test('a build that fails ends it', async () => {
  install();
  const run = await npm(['ingest'], { BREAKS: 'yes' });
  expect(run).toMatchObject({ code: 1, stdout: '' });
  expect(existsSync(join(folder, 'dist'))).toBe(false);
});

test('in the container, which cannot build, the program runs without a mark of a build', async () => {
  rmSync(join(folder, 'scripts/build.mjs'));
  mkdirSync(join(folder, 'dist/src'), { recursive: true });
  writeFileSync(join(folder, 'dist/src/main.js'), PROGRAM);
  const run = await npm(['verify']);
  expect(run).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/ verify\n$/) });
});

test('the process of the script becomes the program, so that signals arrive', async () => {
  install();
  const child = spawn('sh', ['scripts/datasync.sh', 'ingest'], { cwd: folder });
  const { stdout } = await finished(child);
  expect(stdout).toBe(`${child.pid} ingest\n`);
});

describe('a flag that npm keeps for itself', () => {
  /** Without the refusal each of these would look for a database, and end with exit 5. */
  const NOWHERE = {
    API_BASE_URL: 'http://127.0.0.1:1/api/v1',
    TARGET_API_KEY: 'a-key',
    DATABASE_URL: 'postgres://postgres@127.0.0.1:1/none',
    DATABASE_WAIT: '0',
  };
  const program = (args: readonly string[]): Promise<ScriptRun> =>
    finished(
      spawn('npm', ['run', '--silent', ...args], {
        cwd: REPOSITORY,
        env: { ...process.env, npm_config_update_notifier: 'false', ...NOWHERE },
      }),
    );

  test.each([
    [['ingest', '--dry-run'], /npm run ingest -- --dry-run$/m],
    [['ingest', '--limit', '5'], /npm run ingest -- --limit …$/m],
    [
      ['submit', 'https://github.com/a/b', '--yes'],
      /npm run submit -- https:\/\/github\.com\/a\/b --yes$/m,
    ],
    [['status', '--json'], /npm run status -- --json$/m],
    [['verify', '--simulate'], /npm run verify -- --simulate$/m],
    [['bench', '--runs=1'], /npm run bench -- --runs=1$/m],
  ])('%j is refused, with the right spelling', async (args, spelling) => {
    const { code, stderr } = await program(args);
    expect(code, stderr).toBe(2);
    expect(stderr).toMatch(spelling);
  });

  test('after -- it is ours', async () => {
    const { code, stdout } = await program(['ingest', '--', '--dry-run', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'dry-run' });
  });
});
