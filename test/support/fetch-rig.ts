/** A fetch worker with its pool as the program runs it, against a server of the test's own. */
import type { RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach } from 'vitest';
import type {
  FetchWorkerSettings,
  PageHead,
  PageResult,
  PageTask,
} from '../../src/protocol/fetch-messages.js';
import { FetchPool } from '../../src/runtime/fetch-pool.js';
import { DATASYNC_SPEC } from './datasync.js';
import { type FixtureServer, startFixtureServer } from './fixture-server.js';
import { workerSettings } from './sample-pages.js';

export const JSON_HEAD = { 'content-type': 'application/json' };

export interface Rig {
  readonly heads: PageHead[];
  readonly pool: FetchPool;
  fetch(changes?: Partial<PageTask>): Promise<PageResult>;
}

export interface FetchRigs {
  /** A server that answers with `listener`, and one worker. */
  startRig(
    listener: RequestListener,
    changes?: Partial<FetchWorkerSettings>,
  ): Promise<Rig & { readonly server: FixtureServer }>;
  /** A server that answers each request with what `answer` writes to its socket, and one worker. */
  startRawRig(
    answer: (socket: Socket) => void,
    changes?: Partial<FetchWorkerSettings>,
  ): Promise<Rig>;
  startPool(settings: FetchWorkerSettings): Rig;
}

/** All are closed after the test. */
export function useFetchRig(): FetchRigs {
  const opened: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((one) => one.close()));
  });
  const rigs: FetchRigs = {
    async startRig(listener, changes = {}) {
      const server = await startFixtureServer(listener);
      opened.push(server);
      return { ...rigs.startPool(workerSettings(server.origin, changes)), server };
    },
    async startRawRig(answer, changes = {}) {
      const server = await startRawServer(answer);
      opened.push(server);
      return rigs.startPool(workerSettings(server.origin, changes));
    },
    startPool(settings) {
      const heads: PageHead[] = [];
      const pool = new FetchPool({
        source: DATASYNC_SPEC,
        settings,
        threads: 1,
        onHead: (head) => heads.push(head),
      });
      opened.push(pool);
      const fetch = (changes: Partial<PageTask> = {}): Promise<PageResult> => {
        const kind = { isHeadOnly: false, isHeadUrgent: true };
        const task: PageTask = {
          taskId: 1,
          cursor: null,
          limit: 5000,
          ...kind,
          buffers: null,
          ...changes,
        };
        return pool.fetch(task);
      };
      return { heads, pool, fetch };
    },
  };
  return rigs;
}

/** Answers as soon as a request's head is whole; node's own server would mend what a test writes. */
async function startRawServer(answer: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let head = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      head += chunk.toString('latin1');
      if (!head.endsWith('\r\n\r\n')) return;
      head = '';
      answer(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return { origin: `http://127.0.0.1:${port}`, close };
}

/** A listener that answers every request alike. */
export function answering(
  body: string | Buffer,
  { status = 200, headers = JSON_HEAD }: { status?: number; headers?: Record<string, string> } = {},
): RequestListener {
  return (_request, response) => {
    response.writeHead(status, headers).end(body);
  };
}

export async function batchOf(result: PageResult | Promise<PageResult>) {
  const settled = await result;
  if (settled.type === 'fault') throw new Error(settled.fault.message);
  if (settled.batch === null) throw new Error('no batch');
  return settled.batch;
}
