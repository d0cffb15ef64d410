/** Redis goes away, comes back, is emptied and stands still: the queue waits and goes on. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Redis } from 'ioredis';
import { describe, expect, test, vi } from 'vitest';
import { readRedisUrl } from '../../src/queue/redis-address.js';
import { connectRedis } from '../../src/queue/redis-clients.js';
import { RedisContact } from '../../src/queue/redis-contact.js';
import { useRedisMembers } from '../support/redis-members.js';
import { useRedisServer } from '../support/redis-server.js';
import { many, one, shown, taken } from '../support/segment-queue-suite.js';

const BACK = /^back$/;
const LOST = /^Redis at \S+: (?:the connection was|it does not answer)/;

const redis = useRedisServer();
const members = useRedisMembers(redis);

describe('Redis is emptied', () => {
  test('while a job is taken: what is offered then comes', async () => {
    const { queue, told } = await members.open();
    const { queue: other } = await members.open();
    const next = taken(queue);
    await redis.ask('FLUSHALL');
    await other.offer([one(1)]);
    expect(shown(await next)).toBe('1..1');
    expect(told).toEqual([]);
  });

  test('while a job is held: it can be offered again, and its holder is done with it', async () => {
    const { queue, told } = await members.open({ lockDurationMs: 600, stalledIntervalMs: 200 });
    const { queue: other } = await members.open();
    await queue.offer([one(1), one(2), one(3)]);
    const [first, second] = [await taken(queue), await taken(queue)];
    await redis.ask('FLUSHALL');
    await first.done();
    await second.putOff(0);
    await other.offer([one(1), one(2)]);
    const jobs = [await taken(other), await taken(queue)];
    expect(jobs.map(shown)).toEqual(['1..1', '2..2']);
    // Forgotten again, and found out as its lock is renewed.
    await redis.ask('FLUSHALL');
    await other.offer([one(1), one(2), one(5)]);
    expect(shown(await taken(other))).toBe('1..1');
    await jobs[1]?.done();
    expect(shown(await taken(queue))).toBe('2..2');
    expect(shown(await taken(queue))).toBe('5..5');
    expect(told).toEqual([]);
  });
});

describe('Redis is stopped', () => {
  test('a take waits until it is back, and each is told once', async () => {
    const { queue, told, hears } = await members.open();
    const { queue: other, hears: otherHears } = await members.open();
    const next = taken(queue);
    await redis.stop();
    await hears(LOST);
    await queue.offer(many(2_000));
    await redis.start();
    await Promise.all([hears(BACK), otherHears(BACK)]);
    await other.offer([one(7)]);
    expect(shown(await next)).toBe('7..7');
    expect(told).toEqual([
      expect.stringMatching(/the connection was cut.*\. Check that Redis still runs there$/),
      'back',
    ]);
  });

  test('again and again: each time is told', async () => {
    const { queue, told, hears } = await members.open();
    for (let round = 1; round <= 3; round++) {
      const next = taken(queue);
      await redis.stop();
      await hears(LOST, round);
      await redis.start();
      await hears(BACK, round);
      await queue.offer([one(round)]);
      await (await next).done();
    }
    expect(told).toHaveLength(6);
  });

  test('another server has its port meanwhile, and nothing is printed', async () => {
    const printed = [vi.spyOn(console, 'error'), vi.spyOn(console, 'warn')];
    const { queue, hears } = await members.open();
    const next = taken(queue);
    await redis.stop();
    const other = createServer((socket) => {
      socket.resetAndDestroy();
    });
    other.listen(redis.port, '127.0.0.1');
    // Each of the two connections is made again at least once.
    for (let count = 0; count < 4; count++) await once(other, 'connection');
    other.close();
    await once(other, 'close');
    await redis.start();
    await hears(BACK);
    await queue.offer([one(1)]);
    expect(shown(await next)).toBe('1..1');
    for (const spy of printed) expect(spy).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  test('what is held can be done with and put off, and offers return', async () => {
    const { queue, hears } = await members.open();
    await queue.offer([one(1), one(2), one(3)]);
    const held = [await taken(queue), await taken(queue), await taken(queue)];
    await redis.stop();
    await held[0]?.done();
    await held[1]?.putOff(10);
    await queue.offer([one(4)]);
    await queue.clear();
    await redis.start();
    await hears(BACK);
    await held[2]?.done();
    await queue.offer([one(1), one(2), one(3), one(5)]);
    const jobs = [await taken(queue), await taken(queue), await taken(queue), await taken(queue)];
    expect(jobs.map(shown)).toEqual(['1..1', '2..2', '3..3', '5..5']);
  });

  test('from the start: the queue opens, and takes once Redis is there', async () => {
    await redis.stop();
    const { queue, told, hears } = await members.open();
    const next = taken(queue);
    await queue.offer([one(1)]);
    await redis.start();
    await hears(BACK);
    await queue.offer([one(2)]);
    expect(shown(await next)).toBe('2..2');
    expect(told).toEqual([expect.stringMatching(/the connection was refused/), 'back']);
  });

  test('a queue that was closed meanwhile does not come back', async () => {
    const { queue, hears } = await members.open({ member: 'closed' });
    const { hears: otherHears } = await members.open({ member: 'open' });
    const none = queue.take();
    await redis.stop();
    await Promise.all([hears(LOST), otherHears(LOST)]);
    await queue.close();
    expect(await none).toBeNull();
    await redis.start();
    await otherHears(BACK);
    const clients = String(await redis.ask('CLIENT', 'LIST'));
    expect(clients).toMatch(/:w:open /);
    expect(clients).not.toMatch(/:w:closed /);
  });

  test('a process that closes its queue ends by itself', async () => {
    await redis.stop();
    const module = new URL('../../src/queue/redis-queue.js', import.meta.url).href;
    const program = `
      import { openRedisQueue } from ${JSON.stringify(module)};
      const told = { onTrouble: () => console.log('trouble'), onBack: () => console.log('back') };
      const queue = await openRedisQueue({ ...JSON.parse(process.argv[1]), ...told });
      const none = queue.take();
      await queue.offer([{ first: 1, last: 1 }]);
      await queue.close();
      console.log(await none);`;
    const args = ['--input-type=module', '-e', program, '--', JSON.stringify(members.options())];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes) => {
        said += bytes;
      });
    }
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(said).toBe('trouble\nnull\n');
  });
});

describe('Redis stands still', () => {
  test('nothing waits for it for long, and the queue goes on with it', async () => {
    const { queue, told, hears } = await members.open();
    const { queue: other, hears: otherHears } = await members.open();
    await queue.offer([one(1), one(2)]);
    const held = [await taken(queue), await taken(queue)];
    const next = taken(other);
    redis.freeze();
    await Promise.all([held[0]?.done(), held[1]?.putOff(10), queue.offer([one(3)])]);
    await Promise.all([hears(LOST), otherHears(LOST)]);
    expect(told).toEqual([expect.stringMatching(/it does not answer\. Check/)]);
    redis.thaw();
    await Promise.all([hears(BACK), otherHears(BACK)]);
    await queue.offer([one(4)]);
    const jobs = [await next, await taken(other)];
    for (let count = 2; !jobs.some((job) => shown(job) === '4..4'); count++) {
      expect(count).toBeLessThan(5);
      jobs.push(await taken(other));
    }
  });

  test('a queue can be closed, and another one opens', async () => {
    const { queue } = await members.open();
    await queue.offer([one(1)]);
    await taken(queue);
    const none = queue.take();
    redis.freeze();
    await queue.close();
    expect(await none).toBeNull();
    redis.thaw();
    // Its lock runs out.
    expect(shown(await taken((await members.open()).queue))).toBe('1..1');
  });
});

test('a connection that is cut, and nothing more, is made again', async () => {
  const { queue, hears } = await members.open();
  const next = taken(queue);
  await redis.ask('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  await hears(BACK);
  await queue.offer([one(1)]);
  expect(shown(await next)).toBe('1..1');
});

test('what Redis says against a command is told once, and does not end the queue', async () => {
  const { queue, told } = await members.open();
  await queue.offer([one(1)]);
  await redis.ask('CONFIG', 'SET', 'maxmemory', '1');
  await queue.offer([one(2)]);
  await queue.offer([one(3)]);
  expect(told).toEqual([expect.stringMatching(/its memory is full\. Raise maxmemory/)]);
  await redis.ask('CONFIG', 'SET', 'maxmemory', '0');
  await queue.offer([one(4)]);
  const jobs = [await taken(queue), await taken(queue)];
  expect(jobs.map(shown)).toEqual(['1..1', '4..4']);
});

test('a policy that removes keys is warned of once', async () => {
  await redis.ask('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
  const { told, hears } = await members.open();
  await hears(/maxmemory-policy/);
  await redis.stop();
  await hears(LOST);
  await redis.start();
  await hears(BACK);
  await redis.ask('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
  expect(told).toEqual([
    expect.stringMatching(/maxmemory-policy allkeys-lru.*Set maxmemory-policy to noeviction$/),
    expect.stringMatching(LOST),
    'back',
  ]);
});

test('a user who is not known any more is told of, without the password', async () => {
  const secret = 'p@ss word/1';
  const permit = () => redis.ask('ACL', 'SETUSER', 'member', 'on', `>${secret}`, '~*', '+@all');
  await permit();
  const url = `redis://member:${encodeURIComponent(secret)}@127.0.0.1:${redis.port}`;
  const { queue, told, hears } = await members.open({ url });
  for (let round = 1; round <= 2; round++) {
    const next = taken(queue);
    await redis.stop();
    await hears(LOST, round);
    // With the users that a server has at first.
    await redis.start();
    await hears(/it refuses user or password/, round);
    await permit();
    await hears(BACK, round);
    await queue.offer([one(round)]);
    await (await next).done();
  }
  expect(told).toHaveLength(6);
  for (const text of told) expect(text).not.toMatch(/p@ss|p%40ss/);
});

test('a connection that was ended is not made again, whoever asks for it', async () => {
  const address = readRedisUrl(redis.url);
  if (typeof address === 'string') throw new Error(address);
  const contact = new RedisContact(address, { onTrouble: () => {}, onBack: () => {} });
  const { commands, end } = await connectRedis(address, contact);
  const waits = (commands as Redis).duplicate();
  await waits.ping();
  end();
  for (const client of [commands, waits]) {
    await expect(client.connect()).rejects.toThrow('Connection is closed');
    await expect(client.ping()).rejects.toThrow();
  }
});
