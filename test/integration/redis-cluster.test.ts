/** A Redis Cluster, of which any node may be named, keeps a run on one node and does what one server does. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkRedis } from '../../src/queue/check-redis.js';
import { openRedisQueue } from '../../src/queue/redis-queue.js';
import type { SegmentQueue } from '../../src/queue/segment-queue.js';
import { useRedisCluster } from '../support/redis-cluster.js';
import { describeSegmentQueue, one, shown, taken } from '../support/segment-queue-suite.js';

const cluster = useRedisCluster();

let run = 0;
let opened = 0;
const queues: SegmentQueue[] = [];
beforeEach(() => {
  run++;
});
afterEach(async () => {
  await Promise.all(queues.splice(0).map((queue) => queue.close()));
});

/** @param tell of trouble, or that it is over */
function open(tell: (text: string) => void): Promise<SegmentQueue> {
  const { urls } = cluster;
  return openRedisQueue({
    url: urls[opened++ % urls.length] ?? '',
    database: 'a-database',
    name: `github.issues run ${run}`,
    member: 'a member',
    onTrouble: tell,
    onBack: () => tell('back'),
  });
}

describeSegmentQueue(() =>
  open((text) => {
    throw new Error(`told: ${text}`);
  }),
);

test('is well at first sight, by any node', async () => {
  for (const url of cluster.urls) expect(await checkRedis(url)).toBeNull();
});

test('a cluster that was away is used again', async () => {
  const told: string[] = [];
  let heard = () => {};
  const queue = await open((text) => {
    told.push(text);
    heard();
  });
  queues.push(queue);
  const hears = (count: number): Promise<void> =>
    new Promise((resolve) => {
      heard = () => told.length >= count && resolve();
      heard();
    });
  const next = taken(queue);
  await cluster.stop();
  await hears(1);
  await queue.offer([one(1)]);
  await cluster.start();
  await hears(2);
  expect(told[1]).toBe('back');
  await queue.offer([one(2)]);
  expect(shown(await next)).toBe('2..2');
});
