/** A Redis of the bench's own: Debian's server on a free port, without a file. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { BenchError } from './bench-error.js';

const READY = 'Ready to accept connections';

export interface BenchRedis {
  readonly url: string;
  stop(): Promise<void>;
}

/** @throws BenchError where there is none to start */
export async function startRedis(): Promise<BenchRedis> {
  const port = await freePort();
  const child = spawn('redis-server', ['--port', String(port), '--save', '', '--appendonly', 'no']);
  const failed = once(child, 'error').then(([error]) => {
    throw new BenchError(
      `redis-server cannot be started (${(error as Error).message}): scenario cluster needs it`,
    );
  });
  await Promise.race([failed, isReady(child)]);
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function isReady({ stdout }: ChildProcess): Promise<void> {
  if (stdout === null) throw new BenchError('redis-server has no output');
  for await (const line of createInterface({ input: stdout })) if (line.includes(READY)) return;
  throw new BenchError('redis-server ended before it was ready');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  server.close();
  await once(server, 'close');
  return port;
}
