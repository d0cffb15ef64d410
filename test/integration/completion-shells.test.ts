/** The completions in the shells themselves, as somebody at a terminal has them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasCommand, REPOSITORY } from '../support/repository.js';
import { useTerminals } from '../support/terminal.js';

const MAIN = join(REPOSITORY, 'dist', 'src', 'main.js');
const openTerminal = useTerminals();

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'datasync-shells-'));
  writeFileSync(join(folder, 'ids here.txt'), '');
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { stdout } = spawnSync(process.execPath, [MAIN, 'completion', shell], {
      encoding: 'utf8',
      cwd: folder,
    });
    writeFileSync(join(folder, `completion.${shell}`), stdout);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What is typed before the tab, and the words that it becomes. No command takes a file but by a flag. */
const LINES = [
  ['datasync export-', ['export-ids']],
  ['datasync help ver', ['help', 'verify']],
  ['datasync export-ids --part', ['export-ids', '--partial']],
  ['datasync export-ids --format nd', ['export-ids', '--format', 'ndjson']],
  ['datasync export-ids --format=nd', ['export-ids', '--format=ndjson']],
  ['datasync export-ids --output ids', ['export-ids', '--output', 'ids here.txt']],
  ['datasync worker --source ids', ['worker', '--source', 'ids here.txt']],
  ['datasync submit ids', ['submit', 'ids']],
  ['datasync ingest --write-method co', ['ingest', '--write-method', 'copy']],
  ['datasync simulate --limit-dialect git', ['simulate', '--limit-dialect', 'github']],
] as const;

// What is completed is run: what it was given is surer to read than the line on the screen.
const STAND_IN = `datasync() { printf '<%s>' "$@"; echo; }`;

describe.each([
  { shell: 'bash', start: 'bash --norc --noprofile -i', setUp: '. ./completion.bash' },
  {
    shell: 'zsh',
    start: 'zsh -f -i',
    setUp: 'autoload -Uz compinit; compinit -u -D; . ./completion.zsh',
  },
])('$shell', ({ shell, start, setUp }) => {
  test('completes commands, flags, values and names of files', async (context) => {
    if (!hasCommand(shell)) return context.skip(`its shell is not installed: ${shell}`);
    const terminal = openTerminal(start, { HOME: folder }, folder);
    terminal.type(`${STAND_IN}; ${setUp}\n`);
    for (const [typed, words] of LINES) {
      terminal.type(`${typed}\t\n`);
      await terminal.until(words.map((word) => `<${word}>`).join(''));
    }
  });
});

test('fish completes commands, flags, values and names of files', (context) => {
  if (!hasCommand('fish')) return context.skip('fish is not installed');
  for (const [typed, words] of LINES) {
    const { stdout, status } = spawnSync(
      'fish',
      ['--no-config', '-c', `source completion.fish; complete -C '${typed}'`],
      { encoding: 'utf8', cwd: folder, env: { ...process.env, HOME: folder } },
    );
    expect(status).toBe(0);
    const offered = stdout.split('\n').flatMap((line) => line.split('\t')[0] || []);
    const last = words.at(-1) ?? '';
    expect(offered).toEqual(typed.endsWith(last) ? [] : [last]);
  }
});
