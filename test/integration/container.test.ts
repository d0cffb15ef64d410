/** scripts/container.mjs with a stand-in for the program, which tells what it was started with. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { REPOSITORY } from '../support/repository.js';

const STAND_IN = `
import { createServer } from 'node:http';
process.on('SIGINT', () => { console.log('drained'); process.exit(130); });
process.on('SIGTERM', () => { console.log('drained'); process.exit(130); });
console.log('runs in', process.cwd());
console.log('started with', JSON.stringify(process.argv.slice(2)));
const isServing = process.argv[2] === 'serve' || process.env.STAND_IN === 'waits';
if (process.env.HTTP_PORT && isServing) {
  const status = process.env.STAND_IN_READY === 'no' ? 503 : 200;
  const server = createServer((request, response) => response.writeHead(status).end());
  server.listen(Number(process.env.HTTP_PORT), () => console.log('answers for', process.argv[2]));
} else if (process.env.STAND_IN === 'waits') setInterval(() => {}, 1000);
else process.exitCode = Number(process.env.STAND_IN ?? 0);
`;

/** What the working folder links to in the image: it is a volume, and holds none of the program. */
const LINKS = ['dist', 'scripts', 'package.json'];

let base: string;
let app: string;
let container: Container | undefined;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'container test '));
  app = join(base, 'app');
  for (const folder of ['image/scripts', 'image/dist/src', 'app', 'data']) {
    mkdirSync(join(base, folder), { recursive: true });
  }
  const image = join(base, 'image');
  copyFileSync(join(REPOSITORY, 'scripts/container.mjs'), join(image, 'scripts/container.mjs'));
  writeFileSync(join(image, 'package.json'), '{"type":"module"}');
  writeFileSync(join(image, 'dist/src/main.js'), STAND_IN);
  for (const name of LINKS) symlinkSync(join(image, name), join(app, name));
});

afterEach(async () => {
  await container?.stop('SIGKILL');
  container = undefined;
  rmSync(base, { recursive: true, force: true });
});

/** A running main process, and what it has said. */
class Container {
  said = '';
  readonly ended: Promise<number | null>;
  readonly #process: ChildProcess;
  #wake: () => void = () => {};

  constructor(environment: Readonly<Record<string, string>>) {
    this.#process = spawn(process.execPath, ['scripts/container.mjs'], {
      cwd: app,
      env: { PATH: process.env.PATH, DATA_FOLDER: join(base, 'data'), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (chunk) => {
        this.said += chunk;
        this.#wake();
      });
    }
    this.ended = new Promise((resolve) => this.#process.on('close', resolve));
    void this.ended.then(() => this.#wake());
  }

  async until(text: string): Promise<void> {
    while (!this.said.includes(text)) {
      if (this.#process.exitCode !== null) throw new Error(`ended after saying: ${this.said}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  async stop(name: NodeJS.Signals): Promise<number | null> {
    this.signal(name);
    return this.ended;
  }
}

function start(environment: Readonly<Record<string, string>>): Container {
  container = new Container(environment);
  return container;
}

const INGESTS = { INGEST_ON_START: 'true', TARGET_API_KEY: 'a-real-key' };

function health(environment: Readonly<Record<string, string>> = {}): number | null {
  return spawnSync(process.execPath, ['scripts/container.mjs', 'health'], {
    cwd: app,
    env: { DATA_FOLDER: join(base, 'data'), ...environment },
  }).status;
}

async function freePort(): Promise<{ CONTAINER_HTTP_PORT: string }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return { CONTAINER_HTTP_PORT: String(port) };
}

test('it stays idle until it is stopped when nobody asks for an ingestion', async () => {
  const running = start({ TARGET_API_KEY: 'a-real-key' });
  await running.until('idle');
  expect(health()).toBe(0);
  expect(await running.stop('SIGTERM')).toBe(0);
  expect(running.said).not.toContain('started with');
});

test('it runs an ingestion with the flags given, tells its exit code, and stays up', async () => {
  const running = start({ ...INGESTS, INGEST_FLAGS: '--limit\n5\ntwo words', STAND_IN: '3' });
  await running.until('ingestion ended with exit code 3\n');
  expect(running.said).toContain('started with ["ingest","--limit","5","two words"]');
  expect(health()).toBe(0);
  expect(await running.stop('SIGTERM')).toBe(0);
});

test('commands run in the volume of results, not where the program lies', async () => {
  const running = start(INGESTS);
  await running.until('ingestion ended with exit code 0\n');
  expect(running.said).toContain(`runs in ${realpathSync(app)}\n`);
  await running.stop('SIGTERM');
  expect(readdirSync(app).sort()).toEqual([...LINKS].sort());
});

test('it is unhealthy after an ingestion that failed', async () => {
  const running = start({ ...INGESTS, STAND_IN: '4' });
  await running.until('ingestion ended with exit code 4\n');
  expect(health()).toBe(1);
});

test('on its port the ingestion answers while it runs, and the dashboard of earlier runs after it', async () => {
  const port = await freePort();
  // HTTP_PORT is for an ingestion of `docker exec`, not for this one.
  const running = start({ ...INGESTS, ...port, HTTP_PORT: '1', STAND_IN: 'waits' });
  await running.until('answers for ingest');
  expect(health(port)).toBe(0);
  running.signal('SIGINT');
  await running.until('answers for serve');
  expect(running.said.match(/started with .*/g)).toEqual([
    'started with ["ingest"]',
    'started with ["serve"]',
  ]);
  expect(health(port)).toBe(0);
  expect(await running.stop('SIGTERM')).toBe(0);
});

test('while idle the dashboard answers; what is not ready is unhealthy', async () => {
  const port = await freePort();
  const running = start({ TARGET_API_KEY: 'a-real-key', ...port, STAND_IN_READY: 'no' });
  await running.until('answers for serve');
  expect(health()).toBe(0);
  expect(health(port)).toBe(1);
  expect(await running.stop('SIGTERM')).toBe(0);
  expect(health(port)).toBe(1);
});

test('it is unhealthy when its main process no longer gives signs of life', () => {
  expect(health()).toBe(1);
  const stale = { phase: 'running', exitCode: null, atMs: Date.now() - 120_000 };
  writeFileSync(join(base, 'data/container.json'), JSON.stringify(stale));
  expect(health()).toBe(1);
});

test('SIGTERM lets the ingestion drain and then ends the container', async () => {
  const running = start({ ...INGESTS, STAND_IN: 'waits' });
  await running.until('started with');
  expect(await running.stop('SIGTERM')).toBe(130);
  expect(running.said).toMatch(/drained\n[\s\S]*ingestion ended with exit code 130\n/);
});

test('SIGINT interrupts the ingestion alone, and the container stays up', async () => {
  const running = start({ ...INGESTS, STAND_IN: 'waits' });
  await running.until('started with');
  running.signal('SIGINT');
  await running.until('ingestion ended with exit code 130\n');
  running.signal('SIGINT');
  expect(health()).toBe(0);
  expect(await running.stop('SIGTERM')).toBe(0);
});

test('without a key the simulator stands in, once it answers, for docker exec as well', async () => {
  const { server, url, asked } = await simulator();
  try {
    const running = start({
      INGEST_ON_START: 'true',
      TARGET_API_KEY: 'your_api_key_here',
      SIMULATOR_URL: url,
      SIMULATE: 'true',
    });
    await running.until('ingestion ended with exit code 0\n');
    expect(asked).toEqual(['/health', '/health']);
    const env = readFileSync(join(app, '.env'), 'utf8');
    expect(env).toContain(`API_BASE_URL=${url}\nTARGET_API_KEY=simulator-key\n`);
  } finally {
    server.close();
  }
});

test('with a key the settings of the simulator are gone', async () => {
  writeFileSync(join(app, '.env'), 'TARGET_API_KEY=simulator-key\n');
  const running = start({ TARGET_API_KEY: 'a-real-key', SIMULATOR_URL: 'http://s:1/api/v1' });
  await running.until('idle');
  expect(existsSync(join(app, '.env'))).toBe(false);
});

test('simulated events are not ingested unless SIMULATE says so', async () => {
  const running = start({ INGEST_ON_START: 'true', SIMULATOR_URL: 'http://s:1/api/v1' });
  await running.until('ingestion ended with exit code 2\n');
  expect(running.said).toMatch(/only with SIMULATE=true/);
  expect(running.said).not.toContain('started with');
});

test.each([
  ['real events after simulated ones', ['--simulate'], []],
  ['simulated events after real ones', [], ['--simulate']],
])('%s are refused: the volumes hold one kind', async (_name, firstFlags, secondFlags) => {
  const first = start({ ...INGESTS, SIMULATE: 'true', INGEST_FLAGS: firstFlags.join('\n') });
  await first.until('ingestion ended with exit code 0\n');
  await first.stop('SIGTERM');
  const second = start({ ...INGESTS, SIMULATE: 'true', INGEST_FLAGS: secondFlags.join('\n') });
  await second.until('ingestion ended with exit code 2\n');
  expect(second.said).toMatch(/docker compose down --volumes/);
  expect(second.said).not.toContain('started with');
});

/** A server that is not healthy when first asked. */
async function simulator(): Promise<{ server: Server; url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(asked.length === 1 ? 503 : 200).end('OK');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { server, url: `http://127.0.0.1:${port}/api/v1`, asked };
}
