/** docs/api.md shows each fact by a command: every one of them is run, and what it prints compared. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { freePort } from '../support/free-port.js';
import { hasCommand, REPOSITORY, readRepositoryFile } from '../support/repository.js';

const SERVER = /^node (dist\/src\/main\.js simulate .*) &$/;
const BLOCKS_MIN = 15;

const blocks = [...readRepositoryFile('docs/api.md').matchAll(/```sh\n([\s\S]*?)```/g)].map(
  ([, text = '']) => text.trimEnd().split('\n'),
);
const ports = new Map<string, number>();
const servers: ChildProcess[] = [];

beforeAll(async () => {
  const wanted = new Set(blocks.flat().flatMap((line) => line.match(/\b748\d\b/g) ?? []));
  for (const port of wanted) ports.set(port, await freePort());
  await startServers(blocks[0] ?? []);
});
afterAll(() => {
  for (const server of servers.splice(0)) server.kill('SIGKILL');
});
beforeEach((context) => {
  for (const name of ['curl', 'sed', 'grep']) {
    if (!hasCommand(name)) context.skip(`without ${name} the commands cannot run`);
  }
});

function withPorts(text: string): string {
  return text.replace(/\b748\d\b/g, (port) => String(ports.get(port)));
}

/** The lines that start a simulator are started and awaited; the others are returned. */
async function startServers(lines: readonly string[]): Promise<string[]> {
  const rest: string[] = [];
  for (const line of lines) {
    const args = SERVER.exec(line)?.[1];
    if (args === undefined) {
      rest.push(line);
      continue;
    }
    const child = spawn(process.execPath, withPorts(args).split(' '), {
      cwd: REPOSITORY,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    servers.push(child);
    const [said] = await once(createInterface(child.stdout), 'line');
    expect(said).toMatch(/^simulator listening on /);
  }
  return rest;
}

/** The shown line, `…` standing for anything. */
function patternOf(shown: string): RegExp {
  const quoted = shown.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(quoted.join('.*?'), 'u');
}

/** API and KEY, as the second block sets them. */
const preamble = () => withPorts((blocks[1] ?? []).join('\n'));

test('the document has its commands', () => {
  expect(SERVER.test(blocks[0]?.[0] ?? '')).toBe(true);
  expect(blocks.length).toBeGreaterThan(BLOCKS_MIN);
});

test.each(blocks.slice(2).map((lines) => [lines.find((line) => !SERVER.test(line)) ?? '', lines]))(
  '%s',
  async (_, lines) => {
    const rest = await startServers(lines);
    const shown = rest.filter((line) => line.startsWith('# ')).map((line) => line.slice(2));
    const script = rest.filter((line) => !line.startsWith('# ')).join('\n');
    const { stdout, stderr } = spawnSync('sh', ['-c', `${preamble()}\n${withPorts(script)}`], {
      cwd: REPOSITORY,
      encoding: 'utf8',
      timeout: 60_000,
      maxBuffer: 64_000_000,
    });
    expect(shown.length).toBeGreaterThan(0);
    let from = 0;
    const said = stdout.replaceAll('\r', '');
    for (const line of shown) {
      const match = patternOf(line).exec(said.slice(from));
      expect(match, `${line}\nin\n${said.slice(from, from + 2_000)}${stderr}`).not.toBeNull();
      from += (match?.index ?? 0) + (match?.[0].length ?? 0);
    }
  },
);
