/** scripts/container.mjs with a stand-in for the program, which tells what it was started with. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { freePort } from './free-port.js';
import { REPOSITORY } from './repository.js';

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
export const LINKS = ['dist', 'scripts', 'package.json'];
const MAIN = 'scripts/container.mjs';

type Environment = Readonly<Record<string, string>>;

export interface ContainerSandbox {
  /** Where commands run, and what outlives a container. */
  readonly app: string;
  readonly data: string;
  readonly tmp: string;
  /** A main process that is ended after the test; `script` in place of scripts/container.mjs. */
  start(environment: Environment, args?: readonly string[], script?: string): Container;
  /** The exit code of the image's health check. */
  health(environment?: Environment): number | null;
}

/** Called at the top of a test file. */
export function useContainer(): ContainerSandbox {
  let base = '';
  let container: Container | null = null;
  const within = (name: string): string => join(base, name);
  const folders = () => ({ DATA_FOLDER: within('data'), TMPDIR: within('tmp') });

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'container test '));
    for (const folder of ['image/scripts', 'image/dist/src', 'app', 'data', 'tmp']) {
      mkdirSync(within(folder), { recursive: true });
    }
    const image = within('image');
    copyFileSync(join(REPOSITORY, MAIN), join(image, MAIN));
    writeFileSync(join(image, 'package.json'), '{"type":"module"}');
    writeFileSync(join(image, 'dist/src/main.js'), STAND_IN);
    for (const name of LINKS) symlinkSync(join(image, name), join(within('app'), name));
  });
  afterEach(async () => {
    await container?.stop('SIGKILL');
    container = null;
    rmSync(base, { recursive: true, force: true });
  });
  return {
    get app() {
      return within('app');
    },
    get data() {
      return within('data');
    },
    get tmp() {
      return within('tmp');
    },
    start(environment, args = [], script = MAIN) {
      const env = { PATH: process.env.PATH, ...folders(), ...environment };
      container = new Container([script, ...args], { cwd: within('app'), env });
      return container;
    },
    health: (environment = {}) =>
      spawnSync(process.execPath, [MAIN, 'health'], {
        cwd: within('app'),
        env: { ...folders(), ...environment },
      }).status,
  };
}

/** A running main process, and what it has said. */
export class Container {
  said = '';
  readonly ended: Promise<number | null>;
  readonly #process: ChildProcess;
  #wake: () => void = () => {};

  constructor(args: readonly string[], place: { cwd: string; env: NodeJS.ProcessEnv }) {
    this.#process = spawn(process.execPath, args, { ...place, stdio: ['ignore', 'pipe', 'pipe'] });
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

export async function freeHttpPort(): Promise<{ CONTAINER_HTTP_PORT: string }> {
  return { CONTAINER_HTTP_PORT: String(await freePort()) };
}

/** A server that is not healthy when first asked. */
export async function standInSimulator(): Promise<{
  server: Server;
  url: string;
  asked: string[];
}> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(asked.length === 1 ? 503 : 200).end('OK');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { server, url: `http://127.0.0.1:${port}/api/v1`, asked };
}
