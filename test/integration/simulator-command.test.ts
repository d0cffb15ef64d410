/** `datasync simulate` as a process: what it prints, how it ends, what a page costs it. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';

const COMMAND_URL = new URL('../../src/commands/simulate.js', import.meta.url).href;
const ENTRY = `
  const { simulateCommand } = await import(${JSON.stringify(COMMAND_URL)});
  await simulateCommand().parseAsync(process.argv.slice(1), { from: 'user' });
`;
const HEADERS = { 'X-API-Key': 'simulator-key' };
/** Whose cost is compared; the cache holds them all. */
const PAGES = 30;

interface Run {
  readonly child: ChildProcessWithoutNullStreams;
  /** Resolves with exit code and signal. */
  readonly exited: Promise<[number | null, NodeJS.Signals | null]>;
}

const runs: Run[] = [];
afterEach(async () => {
  for (const { child, exited } of runs.splice(0)) {
    child.kill('SIGKILL');
    await exited;
  }
});

function run(...flags: string[]): Run {
  const child = spawn(process.execPath, ['--input-type=module', '-e', ENTRY, '--', ...flags]);
  const exited = once(child, 'exit') as Run['exited'];
  runs.push({ child, exited });
  return { child, exited };
}

async function firstLine({ child }: Run): Promise<string> {
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return line;
}

async function errorsOf({ child, exited }: Run): Promise<{ code: number | null; text: string }> {
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const [code] = await exited;
  return { code, text };
}

test('it says where it listens, with --json as one JSON line', async () => {
  const line = await firstLine(run('--events', '100'));
  const [, baseUrl] =
    /^simulator listening on (http:\/\/127\.0\.0\.1:\d+\/api\/v1)$/.exec(line) ?? [];
  expect((await fetch(`${baseUrl}/events`, { headers: HEADERS })).status).toBe(200);
  const said = JSON.parse(await firstLine(run('--json'))) as { origin: string; port: number };
  expect(said).toEqual({
    listening: true,
    origin: `http://127.0.0.1:${said.port}`,
    port: expect.any(Number),
  });
});

test('flags overrule the profile, and what is not given comes from it', async () => {
  const flags = ['--profile', 'live', '--events', '1000', '--latency-ms', '0'];
  // The first request of the seed meets none of the rare faults of the live profile.
  const more = ['--latency-jitter-ms', '0', '--flat-shape', '--limit-dialect', 'ietf'];
  const { origin } = JSON.parse(await firstLine(run('--json', ...flags, ...more))) as {
    origin: string;
  };
  const response = await fetch(`${origin}/api/v1/events?limit=2`, { headers: HEADERS });
  expect(response.headers.get('ratelimit-policy')).toBe('"default";q=10;w=60');
  expect(Object.keys((await response.json()) as object)).toEqual(['data', 'hasMore', 'nextCursor']);
});

test('SIGTERM and SIGINT end it at once, whatever connections are open', async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const simulator = run('--json', '--latency-ms', '60000');
    const { origin } = JSON.parse(await firstLine(simulator)) as { origin: string };
    await (await fetch(`${origin}/health`)).text();
    const waiting = fetch(`${origin}/api/v1/events`, { headers: HEADERS }).catch(() => 'cut');
    simulator.child.kill(signal);
    expect(await simulator.exited).toEqual([0, null]);
    expect(await waiting).toBe('cut');
  }
});

test('with --exit-with-parent a signal still ends it while the parent lives', async () => {
  const simulator = run('--json', '--exit-with-parent');
  await firstLine(simulator);
  simulator.child.kill('SIGTERM');
  expect(await simulator.exited).toEqual([0, null]);
});

test('with --exit-with-parent it ends when its standard input closes', async () => {
  const simulator = run('--json', '--exit-with-parent');
  await firstLine(simulator);
  simulator.child.stdin.end();
  expect(await simulator.exited).toEqual([0, null]);
});

test('with --exit-with-parent it ends when the channel to its parent closes', async () => {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', ENTRY, '--', '--json', '--exit-with-parent'],
    { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] },
  );
  const exited = once(child, 'exit');
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  child.disconnect();
  expect(await exited).toEqual([0, null]);
});

test('a port in use is said in one sentence, with exit code 2', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const { code, text } = await errorsOf(run('--port', String(port)));
  other.close();
  expect(code).toBe(2);
  expect(text).toBe(
    `simulate: port ${port} on 127.0.0.1 is in use; choose another with --port, or 0 for a free one\n`,
  );
});

test('all knobs that are out of range are named together, with exit code 2', async () => {
  const { code, text } = await errorsOf(run('--html-error', '7', '--events', 'many'));
  expect(code).toBe(2);
  expect(text).toContain('--html-error');
  expect(text).toContain('--events');
});

test('a cached page costs far less CPU than one that has to be rendered', async () => {
  const flags = ['--json', '--events', '50000', '--events-quota', '0', '--latency-ms', '0'];
  const { origin } = JSON.parse(await firstLine(run(...flags, '--latency-jitter-ms', '0'))) as {
    origin: string;
  };
  const cpuMs = async () => {
    const response = await fetch(`${origin}/__sim/stats`);
    return ((await response.json()) as { cpuMs: number }).cpuMs;
  };
  /** Each of the sizes once. @returns the CPU time that it took the simulator */
  const costOf = async (limits: readonly number[], expected: 'HIT' | 'MISS') => {
    const beforeMs = await cpuMs();
    for (const limit of limits) {
      const response = await fetch(`${origin}/api/v1/events?limit=${limit}`, { headers: HEADERS });
      await response.arrayBuffer();
      expect(response.headers.get('x-cache')).toBe(expected);
    }
    return (await cpuMs()) - beforeMs;
  };
  const sizes = Array.from({ length: PAGES }, (_, index) => 5_000 - index);
  const others = sizes.slice(0, PAGES / 2).map((size) => size - PAGES);
  await costOf(others, 'MISS');
  const renderedMs = await costOf(sizes, 'MISS');
  await costOf(others, 'HIT');
  const cachedMs = await costOf(sizes, 'HIT');
  // A fifteenth on an idle machine. A busy one makes both dearer, and a page that is rendered again
  // would cost as much.
  expect(cachedMs).toBeLessThan(renderedMs / 4);
});
