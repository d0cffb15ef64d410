/** A Redis Cluster of a test file's own: two nodes that share the slots. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { freePort } from './free-port.js';
import { askRedis, hasRedisServer, startOn } from './redis-server.js';

const SLOTS = [
  ['0', '8191'],
  ['8192', '16383'],
] as const;
const POLL_MS = 50;

interface Node {
  readonly port: number;
  readonly busPort: number;
  readonly folder: string;
  process: ChildProcess | null;
}

export interface RedisCluster {
  /** Of each node. */
  readonly urls: readonly string[];
  /** Kills all nodes. */
  stop(): Promise<void>;
  /** Starts them again, empty; resolves when they serve. */
  start(): Promise<void>;
}

/** Called at the top of a test file. Every test finds the cluster up. */
export function useRedisCluster(): RedisCluster {
  const nodes: Node[] = [];
  let parent = '';
  const isInstalled = hasRedisServer();
  const kill = () => {
    for (const node of nodes) node.process?.kill('SIGKILL');
  };
  const cluster: RedisCluster = {
    get urls() {
      return nodes.map(({ port }) => `redis://127.0.0.1:${port}`);
    },
    async stop() {
      for (const node of nodes) {
        if (node.process === null) continue;
        const ended = once(node.process, 'exit');
        node.process.kill('SIGKILL');
        await ended;
        node.process = null;
      }
    },
    async start() {
      for (const node of nodes) {
        node.process ??= await startNode(node);
      }
      for (const { port } of nodes) while (!(await isWhole(port))) await delay(POLL_MS);
    },
  };
  beforeAll(async () => {
    if (!isInstalled) return;
    parent = await mkdtemp(join(tmpdir(), 'datasync-cluster-'));
    process.once('exit', kill);
    for (const _ of SLOTS) {
      const folder = join(parent, `${nodes.length}`);
      await mkdir(folder);
      const [port, busPort] = [await freePort(), await freePort()];
      nodes.push({ port, busPort, folder, process: await startNode({ port, busPort, folder }) });
    }
    const [first, second] = nodes;
    if (first === undefined || second === undefined) throw new Error('there are two nodes');
    for (const [index, { port }] of nodes.entries()) {
      await askRedis({ port }, 'CLUSTER', 'ADDSLOTSRANGE', ...(SLOTS[index] ?? []));
    }
    const [host, port, busPort] = ['127.0.0.1', `${second.port}`, `${second.busPort}`];
    await askRedis(first, 'CLUSTER', 'MEET', host, port, busPort);
  });
  beforeEach(async (context) => {
    if (!isInstalled) return context.skip('redis-server is not installed');
    await cluster.start();
  });
  afterAll(async () => {
    await cluster.stop();
    process.off('exit', kill);
    if (parent !== '') await rm(parent, { recursive: true, force: true });
  });
  return cluster;
}

/** Whether all nodes are there for one of them, and it serves. */
async function isWhole(port: number): Promise<boolean> {
  const known = String(await askRedis({ port }, 'CLUSTER', 'NODES'));
  const about = String(await askRedis({ port }, 'CLUSTER', 'INFO'));
  const slots = known.match(/ connected \d+-\d+/g) ?? [];
  return slots.length === SLOTS.length && about.includes('cluster_state:ok');
}

async function startNode({
  port,
  busPort,
  folder,
}: Pick<Node, 'port' | 'busPort' | 'folder'>): Promise<ChildProcess> {
  const settings = ['--cluster-enabled', 'yes', '--cluster-port', `${busPort}`];
  const started = await startOn(port, folder, settings);
  if (started === null) throw new Error(`no node starts on port ${port}`);
  return started;
}
