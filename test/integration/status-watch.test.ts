/** `datasync status`, live and ended, once and again; the shells' completions; help and near misses. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { holdingCommits } from '../support/hold-commits.js';
import { environmentFor, useEmptyTables, useSimulator } from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { hasCommand, REPOSITORY } from '../support/repository.js';
import { useTerminals } from '../support/terminal.js';

const MAIN = join(REPOSITORY, 'dist', 'src', 'main.js');
const EVENTS = 20_000;
const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();

const openTerminal = useTerminals();

const withoutKey = (): Record<string, string> => ({ DATABASE_URL: database.connectionString });

describe('a run that is at work', () => {
  test('has a share, a pace, a rest and its segments, seen from another process without a key', async () => {
    // So many that the run cannot end while it is looked at.
    const events = 10 * EVENTS;
    const simulator = await simulate({ events, eventsQuota: 4, eventsWindowMs: 1_000 });
    const running = folder.start(['ingest', '--json'], environmentFor(simulator, database));
    await running.untilLog('page_committed', { count: 6 });
    const { code, result } = await folder.run(['status', '--json'], withoutKey());
    expect(code).toBe(0);
    expect(result).toMatchObject({
      ...{ state: 'running', sourceTotal: events, limit: { quota: 4, windowMs: 1_000 } },
      worker: expect.stringContaining(`process ${running.pid}`),
    });
    const rows = Number(result?.rows);
    expect(result?.share).toBeCloseTo(rows / events, 9);
    expect(result?.rowsPerSecond).toBeGreaterThan(0);
    expect(result?.eta).toMatchObject({ remainingMs: expect.any(Number) });
    const segments = result?.segments as { rows: number; share: number | null }[];
    expect(segments.reduce((sum, segment) => sum + segment.rows, 0)).toBe(rows);
    await running.kill();
    const killed = await folder.run(['status'], withoutKey());
    expect(killed.stdout).toMatch(/^Run 1: stopped\n[\s\S]*start again to go on/);
  });

  test('is watched where there is no terminal line by line, until it ends', async () => {
    const simulator = await simulate({ events: EVENTS, eventsQuota: 5, eventsWindowMs: 500 });
    const { running, watching } = await holdingCommits(database, async (hold) => {
      const ingesting = folder.start(['ingest', '--json'], environmentFor(simulator, database));
      await ingesting.untilLog('page_committed');
      await hold();
      const watcher = folder.start(['status', '--watch'], withoutKey());
      await watcher.untilOutput(/\n/);
      return { running: ingesting, watching: watcher };
    });
    expect((await running.end()).code).toBe(0);
    const { code, stdout } = await watching.end();
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^run 1 running: [\d,]+ of 20,000 rows/);
    expect(lines.at(-1)).toBe('run 1 complete: 20,000 of 20,000 rows (100.0 %)');
    expect(stdout).not.toContain('\u001b');
  });
});

describe('on a terminal', () => {
  const watchCommand = `${process.execPath} ${MAIN} status --watch`;

  async function finished(): Promise<void> {
    const simulator = await simulate({ events: 2_000 });
    await folder.run(['ingest', '--json'], environmentFor(simulator, database));
  }

  test.for([
    ['q', 'q'],
    ['Ctrl-C', '\u0003'],
  ] as const)('the status is redrawn in colour until %s', async ([, key], context) => {
    if (!hasCommand('script')) return context.skip('script is not installed');
    await finished();
    const terminal = openTerminal(watchCommand, withoutKey());
    const seen = await terminal.until('q or Ctrl-C stops', 2);
    expect(seen).toContain('Run 1: \u001b[32mcomplete\u001b[0m');
    terminal.type(key);
    expect(await terminal.ended()).toBe(0);
  });

  test('NO_COLOR is honoured', async (context) => {
    if (!hasCommand('script')) return context.skip('script is not installed');
    await finished();
    const terminal = openTerminal(watchCommand, { ...withoutKey(), NO_COLOR: '1' });
    const seen = await terminal.until('q or Ctrl-C stops');
    expect(seen).toContain('Run 1: complete');
    terminal.type('q');
    expect(await terminal.ended()).toBe(0);
  });
});

describe('the command line', () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', env: {}, cwd: folder.path });

  test('completions hold every command of the program', () => {
    const commands = commandsOf(run('--help').stdout);
    expect(commands).toContain('export-ids');
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { status, stdout } = run('completion', shell);
      expect(status).toBe(0);
      for (const command of commands) expect(stdout, shell).toContain(command);
    }
  });

  test('the help of each command has an example, and fits 80 columns', () => {
    for (const command of commandsOf(run('--help').stdout).filter((name) => name !== 'help')) {
      const { status, stdout } = run(command, '--help');
      expect(status).toBe(0);
      expect(stdout).toMatch(new RegExp(`Examples?:\\n {2}.*datasync ${command}`));
      for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    }
  });

  test.each([
    [['verfy'], 'verify'],
    [['status', '--wach'], '--watch'],
    [['ingest', '--max-event', '5'], '--max-events'],
    [['submit', 'https://github.com/a/b', '--yess'], '--yes'],
  ])('%j suggests %s', (args, near) => {
    const { status, stderr } = run(...args);
    expect(status).toBe(2);
    expect(stderr).toContain(`(Did you mean ${near}?)`);
  });

  test('a reader of the output that has gone is no failure', async () => {
    const child = spawn(process.execPath, [MAIN, 'completion', 'bash'], { cwd: folder.path });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const [code] = await once(child, 'close');
    expect([code, stderr]).toEqual([0, '']);
  });

  test('--watch and --json exclude each other', () => {
    const { status, stderr } = run('status', '--watch', '--json');
    expect(status).toBe(2);
    expect(stderr).toMatch(/cannot be used with option/);
  });
});

/** From the list that --help prints. */
function commandsOf(help: string): string[] {
  return [...help.matchAll(/^ {2}([a-z-]+)(?: \[| <| {2,})/gm)].map(([, name = '']) => name);
}
