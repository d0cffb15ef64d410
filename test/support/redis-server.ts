/** A Redis server of a test file's own, to be stopped, frozen, emptied and started again on the same port. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { freePort } from './free-port.js';

const READY = 'Ready to accept connections';
const PORTS_TRIED = 5;

export interface RedisServer {
  readonly port: number;
  /** 0: it speaks no TLS. */
  readonly tlsPort: number;
  readonly url: string;
  /** Kills it with all its connections and data. */
  stop(): Promise<void>;
  /** Starts it again, on the same port and empty. */
  start(): Promise<void>;
  /** It keeps its connections and says nothing until it is thawed. */
  freeze(): void;
  thaw(): void;
  /** One command over a connection of its own. */
  ask(command: string, ...args: string[]): Promise<unknown>;
}

export interface RedisSettings {
  readonly password?: string;
  /** PEM: it speaks TLS too, on a port of its own. */
  readonly tls?: { readonly key: string; readonly certificate: string };
}

/** Called at the top of a test file or `describe`. Every test finds the server up and empty. */
export function useRedisServer({ password, tls }: RedisSettings = {}): RedisServer {
  let folder = '';
  let port = 0;
  let tlsPort = 0;
  let server: ChildProcess | null = null;
  const kill = () => server?.kill('SIGKILL');
  const isInstalled = hasRedisServer();
  const settings = (): string[] => [
    ...(password === undefined ? [] : ['--requirepass', password]),
    ...(tls === undefined ? [] : ['--tls-port', `${tlsPort}`, '--tls-auth-clients', 'no']),
    ...(tls === undefined ? [] : ['--tls-key-file', 'key.pem', '--tls-cert-file', 'cert.pem']),
  ];

  const redis: RedisServer = {
    get port() {
      return port;
    },
    get tlsPort() {
      return tlsPort;
    },
    get url() {
      return `redis://127.0.0.1:${port}`;
    },
    async stop() {
      if (server === null) return;
      const ended = once(server, 'exit');
      kill();
      await ended;
      server = null;
    },
    async start() {
      if (server === null) server = await startOn(port, folder, settings());
      if (server === null) throw new Error(`redis-server does not start on port ${port}`);
    },
    freeze() {
      server?.kill('SIGSTOP');
    },
    thaw() {
      server?.kill('SIGCONT');
    },
    ask(command, ...args) {
      return askRedis({ port, ...(password === undefined ? {} : { password }) }, command, ...args);
    },
  };

  beforeAll(async () => {
    if (!isInstalled) return;
    folder = await mkdtemp(join(tmpdir(), 'datasync-redis-'));
    // Also when the tests are broken off.
    process.once('exit', kill);
    if (tls !== undefined) {
      await writeFile(join(folder, 'key.pem'), tls.key);
      await writeFile(join(folder, 'cert.pem'), tls.certificate);
    }
    for (let tried = 0; server === null && tried < PORTS_TRIED; tried++) {
      port = await freePort();
      if (tls !== undefined) tlsPort = await freePort();
      server = await startOn(port, folder, settings());
    }
  });
  beforeEach(async (context) => {
    if (!isInstalled) return context.skip('redis-server is not installed');
    await redis.start();
    await redis.ask('FLUSHALL');
  });
  afterEach(() => redis.thaw());
  afterAll(async () => {
    await redis.stop();
    process.off('exit', kill);
    if (folder !== '') await rm(folder, { recursive: true, force: true });
  });
  return redis;
}

/** One command over a connection of its own. */
export async function askRedis(
  at: { readonly port: number; readonly password?: string },
  command: string,
  ...args: string[]
): Promise<unknown> {
  const client = new Redis({ ...at, lazyConnect: true });
  client.on('error', () => {});
  try {
    return await client.call(command, ...args);
  } finally {
    client.disconnect();
  }
}

/** @returns null when it ends before it is ready: another process may have taken the port */
export async function startOn(
  port: number,
  folder: string,
  settings: readonly string[],
): Promise<ChildProcess | null> {
  const args = ['--port', `${port}`, '--bind', '127.0.0.1'];
  const inMemory = ['--save', '', '--appendonly', 'no'];
  const child = spawn('redis-server', [...args, ...inMemory, ...settings], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const lines = createInterface(child.stdout);
  const isReady = await new Promise<boolean>((resolve) => {
    lines.on('line', (line) => line.includes(READY) && resolve(true));
    child.once('exit', () => resolve(false));
  });
  return isReady ? child : null;
}

export function hasRedisServer(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
