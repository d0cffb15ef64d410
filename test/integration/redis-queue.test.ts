/** A cluster over Redis: members die, and operators meddle. */
import { setTimeout as delay } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { afterEach, describe, expect, test } from 'vitest';
import { queuePrefix } from '../../src/queue/bull-queue.js';
import { startQueueMember } from '../support/queue-member.js';
import { useRedisMembers } from '../support/redis-members.js';
import { useRedisServer } from '../support/redis-server.js';
import { many, one, shown, taken } from '../support/segment-queue-suite.js';

const redis = useRedisServer();
const members = useRedisMembers(redis);
const SOON = { lockDurationMs: 600, stalledIntervalMs: 200 };

const closes: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closes.splice(0).map((close) => close()));
});

/** What an operator sees in Bull Board. */
function operator(): Queue {
  const queue = new Queue(members.options().name, {
    connection: { port: redis.port },
    prefix: queuePrefix('a-database'),
  });
  queue.on('error', () => {});
  closes.push(() => queue.close());
  return queue;
}

describe('members', () => {
  test('the job of one that is killed comes to another within 15 s', async () => {
    const { queue } = await members.open();
    await queue.offer([one(1), one(2)]);
    const member = await startQueueMember(members.options());
    expect(member.holds).toBe('1..1');
    expect(shown(await taken(queue))).toBe('2..2');
    const next = taken(queue);
    const killedAtMs = performance.now();
    await member.kill();
    expect(shown(await next)).toBe('1..1');
    expect(performance.now() - killedAtMs).toBeLessThan(15_000);
  });

  test('a job outlives any number of members', async () => {
    const { queue } = await members.open(SOON);
    await queue.offer([one(1)]);
    for (let round = 0; round < 4; round++) {
      const member = await startQueueMember(members.options(SOON));
      expect(member.holds).toBe('1..1');
      await member.kill();
    }
    expect(shown(await taken(queue))).toBe('1..1');
  });

  test('a job stays with its holder for longer than a lock lasts', async () => {
    const more = { lockDurationMs: 2_000, stalledIntervalMs: 300 };
    const [{ queue }, { queue: other }] = [await members.open(more), await members.open(more)];
    await queue.offer([one(1), one(2)]);
    const held = await taken(queue);
    await (await taken(queue)).putOff(5_000);
    expect(shown(await taken(other))).toBe('2..2');
    await held.done();
    await other.offer([one(1)]);
    expect(shown(await taken(other))).toBe('1..1');
  });

  test('a job that comes to nobody any more is free at once', async () => {
    // Longer than the test: it is not freed by a lock that runs out.
    const { queue } = await members.open({ lockDurationMs: 600_000 });
    const { queue: other } = await members.open();
    const stop = new AbortController();
    const none = queue.take(stop.signal);
    await until('INFO', ['clients'], /blocked_clients:1/);
    redis.freeze();
    const offered = other.offer([one(1)]);
    stop.abort();
    redis.thaw();
    await offered;
    expect(await none).toBeNull();
    const { name } = members.options();
    await until('XRANGE', [`{datasync.a-database}:${name}:events`, '-', '+'], /active/);
    expect(shown(await taken(other))).toBe('1..1');
  });

  test('databases and runs that share a Redis do not mix', async () => {
    const { queue } = await members.open();
    const { queue: other } = await members.open({ database: 'another-database' });
    const { queue: next } = await members.open({ name: `${members.options().name}0` });
    await queue.offer([one(1)]);
    await other.offer([one(2)]);
    await next.offer([one(3)]);
    const jobs = [await taken(next), await taken(other), await taken(queue)];
    expect(jobs.map(shown)).toEqual(['3..3', '2..2', '1..1']);
    await other.clear();
    await next.clear();
    await jobs[2]?.putOff(1);
    expect(shown(await taken(queue))).toBe('1..1');
  });

  test('a run that is over leaves no key', async () => {
    const { queue } = await members.open();
    await queue.offer(many(1_500));
    await taken(queue);
    await (await taken(queue)).putOff(60_000);
    expect(await redis.ask('DBSIZE')).toBeGreaterThan(1_500);
    await queue.clear();
    expect(await redis.ask('DBSIZE')).toBe(0);
  });
});

describe('an operator', () => {
  test('sees the run by name, and who works on what', async () => {
    const { queue } = await members.open({ member: 'host-7.4121' });
    const bull = operator();
    await queue.offer([one(1), one(5, 9)]);
    await taken(queue);
    const [active] = await bull.getActive();
    expect(active).toMatchObject({ name: 'segment 1', processedBy: 'host-7.4121' });
    const [waiting] = await bull.getWaiting();
    expect(waiting).toMatchObject({ name: 'segments 5 9', data: { first: 5, last: 9 } });
    expect(await redis.ask('KEYS', '*:meta')).toEqual([
      `{datasync.a-database}:${members.options().name}:meta`,
    ]);
    const clients = String(await redis.ask('CLIENT', 'LIST'));
    expect(clients).toMatch(/name=\{datasync\.a-database\}:\w+=*:w:host-7\.4121 /);
  });

  test('pauses the queue, and resumes it', async () => {
    const { queue } = await members.open();
    const bull = operator();
    await bull.pause();
    await queue.offer([one(1)]);
    const stop = new AbortController();
    const none = queue.take(stop.signal);
    await redis.ask('CONFIG', 'RESETSTAT');
    // It has waited in vain, and looked again.
    await until('INFO', ['commandstats'], /cmdstat_bzpopmin:calls=[2-9]/);
    stop.abort();
    expect(await none).toBeNull();
    const next = taken(queue);
    await bull.resume();
    expect(shown(await next)).toBe('1..1');
  });

  test('limits its rate, and nothing spins', async () => {
    const { queue } = await members.open();
    await operator().setGlobalRateLimit(1, 1_000);
    await queue.offer([one(1), one(2)]);
    expect(shown(await taken(queue))).toBe('1..1');
    const before = process.cpuUsage();
    expect(shown(await taken(queue))).toBe('2..2');
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(500);
  });
});

/** Resolves when the server answers so. */
async function until(command: string, args: readonly string[], what: RegExp): Promise<void> {
  while (!what.test(String(await redis.ask(command, ...args)))) await delay(20);
}

test('what names no segments is removed and told of', async () => {
  const { queue, told } = await members.open();
  const bull = operator();
  const bad = [{ first: 2, last: 1 }, { first: '1', last: 1 }, null, [1], { first: 0.5, last: 1 }];
  for (const data of bad) await bull.add('strange', data);
  const { id: notJson = '' } = await bull.add('strange', {});
  await redis.ask('HSET', bull.toKey(notJson), 'data', '{first');
  const { id: notOptions = '' } = await bull.add('strange', { first: 1, last: 1 });
  await redis.ask('HSET', bull.toKey(notOptions), 'opts', 'null');
  await queue.offer([one(8)]);
  // Its fields were evicted; its place in the list is left.
  await redis.ask('DEL', bull.toKey('segment-8'));
  await queue.offer([one(9)]);
  expect(shown(await taken(queue))).toBe('9..9');
  expect(told).toHaveLength(bad.length + 3);
  for (const trouble of told) expect(trouble).toMatch(/names no segments and was removed/);
  expect(await bull.getJobCounts('active', 'wait', 'failed', 'completed')).toEqual({
    active: 1,
    wait: 0,
    failed: 0,
    completed: 0,
  });
  await queue.offer([one(8)]);
  expect(shown(await taken(queue))).toBe('8..8');
});
