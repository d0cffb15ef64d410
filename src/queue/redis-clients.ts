/**
 * The two connections of a member to Redis. Neither outlives `end`, and neither fails for good: each
 * connects again for as long as it takes.
 */
import type { Redis, RedisOptions } from 'ioredis';
import type { RedisAddress } from './redis-address.js';
import { ANSWER_TIMEOUT_MS, type RedisContact } from './redis-contact.js';
import { within } from './within.js';

const CONNECT_TIMEOUT_MS = 5_000;
const RETRY_MS = 50;
const RETRY_MAX_MS = 2_000;

const CLOSED = new Error('Connection is closed.');

export interface RedisClients {
  /** Fails at once while Redis is away, so that nothing piles up. BullMQ duplicates it for its waits. */
  readonly commands: Redis;
  /** Resolves when commands get through, or when the time is over. Never rejects. */
  ready(limitMs: number): Promise<void>;
  end(): void;
}

export function clientOptions(address: RedisAddress) {
  const { host, port, db, username, password, isTls } = address;
  return {
    host,
    port,
    db,
    ...(password === null ? {} : { password }),
    ...(password === null || username === null ? {} : { username }),
    ...(isTls ? { tls: {} } : {}),
    connectTimeout: CONNECT_TIMEOUT_MS,
  } satisfies RedisOptions;
}

export async function connectRedis(
  address: RedisAddress,
  contact: RedisContact,
): Promise<RedisClients> {
  const { Redis } = await import('ioredis');
  const options = {
    ...clientOptions(address),
    retryStrategy: (times: number) => Math.min(RETRY_MS * 2 ** (times - 1), RETRY_MAX_MS),
    // A primary that has become a replica: its address leads to the new one.
    reconnectOnError: ({ message }: Error) => /\bREADONLY\b/.test(message),
  };
  const commands = new Redis({
    ...options,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    socketTimeout: ANSWER_TIMEOUT_MS,
  });
  commands.on('ready', () => contact.reached('commands'));
  commands.on('error', (error) => contact.lost('commands', error));
  commands.on('close', () => contact.lost('commands', CLOSED));
  const opened = [commands];
  commands.duplicate = (named) => {
    // As BullMQ wants it; it also breaks off waits that are overdue.
    const waits = new Redis({
      ...options,
      connectionName: named?.connectionName,
      maxRetriesPerRequest: null,
    });
    waits.on('ready', () => contact.reached('waits'));
    waits.on('error', (error) => contact.lost('waits', error));
    opened.push(waits);
    return waits;
  };
  return {
    commands,
    ready: (limitMs) => becomesReady(commands, limitMs),
    end() {
      for (const client of opened) {
        // BullMQ may be about to connect again what is ended.
        client.connect = () => Promise.reject(CLOSED);
        client.disconnect();
      }
    },
  };
}

async function becomesReady(client: Redis, limitMs: number): Promise<void> {
  if (client.status === 'ready') return;
  let isReady = () => {};
  const ready = new Promise<void>((resolve) => {
    isReady = resolve;
  });
  client.once('ready', isReady);
  await within(limitMs, ready).catch(() => {});
  client.off('ready', isReady);
}
