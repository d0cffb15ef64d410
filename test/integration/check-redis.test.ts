/** A first look at Redis: what is wrong is told with its place and what to do, and without the password. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { checkRedis } from '../../src/queue/check-redis.js';
import { startQueueMember } from '../support/queue-member.js';
import { useRedisMembers } from '../support/redis-members.js';
import { useRedisServer } from '../support/redis-server.js';
import { one } from '../support/segment-queue-suite.js';
import { SELF_SIGNED_CERTIFICATE, SELF_SIGNED_KEY } from '../support/self-signed.js';

const PASSWORD = 'sesam:öffne/dich';
const ENCODED = encodeURIComponent(PASSWORD);

const closes: (() => void)[] = [];
afterEach(() => {
  for (const close of closes.splice(0)) close();
});

/** @returns host and port of a server that answers so to what is sent */
async function answering(answer: (text: string, socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => answer(bytes.toString(), socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closes.push(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Without a secret, and with all that an operator needs. */
async function problem(url: string): Promise<string> {
  const text = (await checkRedis(url)) ?? 'nothing is wrong';
  expect(text).not.toContain('sesam');
  expect(text).toMatch(/\. \p{Lu}[^.]+/u);
  return text;
}

describe('a Redis with a password', () => {
  const redis = useRedisServer({ password: PASSWORD });
  const at = (user: string) => `redis://${user}127.0.0.1:${redis.port}`;

  test('is well with it', async () => {
    expect(await checkRedis(at(`:${ENCODED}@`))).toBeNull();
    expect(await checkRedis(at(`default:${ENCODED}@`))).toBeNull();
  });

  test('refuses another one, another user, and none', async () => {
    const where = `Redis at 127.0.0.1:${redis.port}: `;
    expect(await problem(at(`:${ENCODED}x@`))).toContain(`${where}it refuses user or password`);
    expect(await problem(at(`other:${ENCODED}@`))).toContain('it refuses user or password');
    expect(await problem(at(''))).toContain(`${where}it asks for a password`);
  });

  test('has only so many databases', async () => {
    expect(await checkRedis(`${at(`:${ENCODED}@`)}/15`)).toBeNull();
    expect(await problem(`${at(`:${ENCODED}@`)}/16`)).toContain('no database of that number');
  });

  test('that has become a replica takes no writes', async () => {
    await redis.ask('REPLICAOF', '127.0.0.1', '1');
    expect(await problem(at(`:${ENCODED}@`))).toContain('is a replica');
    await redis.ask('REPLICAOF', 'NO', 'ONE');
  });

  test('may give a user too few rights', async () => {
    await redis.ask('ACL', 'SETUSER', 'poor', 'on', `>${PASSWORD}`, '~*', '+@all', '-info');
    expect(await problem(at(`poor:${ENCODED}@`))).toContain('its user lacks rights');
  });
});

describe('a Redis with TLS', () => {
  const tls = { key: SELF_SIGNED_KEY, certificate: SELF_SIGNED_CERTIFICATE };
  const redis = useRedisServer({ tls });
  const members = useRedisMembers(redis);

  test('is used where its certificate is trusted', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'datasync-redis-ca-'));
    closes.push(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'ca.pem');
    writeFileSync(file, SELF_SIGNED_CERTIFICATE);
    const { queue } = await members.open();
    await queue.offer([one(6)]);
    const url = `rediss://localhost:${redis.tlsPort}`;
    const member = await startQueueMember(members.options({ url }), { NODE_EXTRA_CA_CERTS: file });
    expect(member.holds).toBe('6..6');
  });

  test('is not where it is not trusted, or is for another name', async () => {
    const text = await problem(`rediss://localhost:${redis.tlsPort}`);
    expect(text).toMatch(/TLS: its certificate cannot be trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)/);
    expect(text).toContain('NODE_EXTRA_CA_CERTS');
  });

  test('is told apart from one without', async () => {
    const [plain, secure] = [redis.port, redis.tlsPort];
    const scheme = /whether REDIS_URL begins with the right one of redis: and rediss:$/;
    expect(await problem(`rediss://:${ENCODED}@127.0.0.1:${plain}`)).toMatch(scheme);
    expect(await problem(`redis://:${ENCODED}@127.0.0.1:${secure}`)).toMatch(scheme);
  });
});

describe('what is no Redis', () => {
  test('nothing at all', async () => {
    const text = await problem(`redis://:${ENCODED}@127.0.0.1:1`);
    expect(text).toContain('Redis at 127.0.0.1:1: the connection was refused (ECONNREFUSED)');
  });

  test('no such host', async () => {
    const text = await problem(`redis://:${ENCODED}@no-such-host.invalid`);
    expect(text).toMatch(
      /^Redis at no-such-host\.invalid:6379: DNS: .+Check the host in REDIS_URL/,
    );
  });

  test.each([
    ['HTTP', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['PostgreSQL', 'E\0\0\0\x10SFATAL\0'],
    ['a server that says nothing and goes', ''],
  ])('%s', async (_, answer) => {
    const where = await answering((_text, socket) => socket.end(answer));
    expect(await problem(`redis://:${ENCODED}@${where}`)).toMatch(/Check that it is Redis/);
  });

  test('a server that quotes the password', async () => {
    const where = await answering((text, socket) => {
      const commands = text.match(/^\*\d+\r$/gm) ?? [];
      const refusal = `-ERR what is AUTH default ${PASSWORD} to be?\r\n`;
      socket.write(refusal.repeat(commands.length));
    });
    const text = await problem(`redis://:${ENCODED}@${where}`);
    expect(text).toContain('ERR what is AUTH default *** to be?');
  });

  test('a Redis that is too old', async () => {
    const where = await answering((text, socket) => {
      for (const [, name = ''] of text.matchAll(/^\*\d+\r\n\$\d+\r\n(\w+)\r$/gm)) {
        const info = 'redis_version:5.0.14\r\nrole:master\r\n';
        const isInfo = name.toUpperCase() === 'INFO';
        const words = `with args beginning with: \`3\`, \`AUTH\`, \`default\`, \`${PASSWORD}\``;
        const isOld = name.toUpperCase() === 'HELLO';
        if (isInfo) socket.write(`$${info.length}\r\n${info}\r\n`);
        else socket.write(isOld ? `-ERR unknown command \`HELLO\`, ${words}\r\n` : '+OK\r\n');
      }
    });
    const text = await problem(`redis://:${ENCODED}@${where}`);
    expect(text).toContain('is of version 5.0, too old for BullMQ. Upgrade it to 6.2 or newer');
  });
});

test.each([
  [`${ENCODED}`, 'is not a URL'],
  [`http://:${ENCODED}@host`, 'begins with http:'],
  ['redis:///2', 'names no host'],
  [`redis://:${ENCODED}@host/jobs`, 'not the number of a database'],
])('a URL that is none of Redis: %s', async (url, what) => {
  expect(await problem(url)).toContain(what);
});
