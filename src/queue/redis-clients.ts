/**
 * The two connections of a member to Redis, or to a Redis Cluster. Neither outlives `end`, and neither
 * fails for good: each connects again for as long as it takes.
 */
import type { Cluster, Redis, RedisOptions } from 'ioredis';
import type { RedisAddress } from './redis-address.js';
import { ANSWER_TIMEOUT_MS, type Connection, type RedisContact } from './redis-contact.js';
import { within } from './within.js';

const CONNECT_TIMEOUT_MS = 5_000;
const RETRY_MS = 50;
const RETRY_MAX_MS = 2_000;
const FIRST_CONTACT_MS = 2_000;
/** BullMQ waits for 10 s at most. */
const WAIT_TIMEOUT_MS = 15_000;

const CLOSED = new Error('Connection is closed.');

export type RedisClient = Redis | Cluster;

export interface RedisClients {
  /** Fails at once while Redis is away, so that nothing piles up. BullMQ duplicates it for its waits. */
  readonly commands: RedisClient;
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

const MANNERS = {
  commands: {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    socketTimeout: ANSWER_TIMEOUT_MS,
  },
  // As BullMQ wants it, which breaks off waits that are overdue by itself, but no greetings.
  waits: {
    enableOfflineQueue: true,
    maxRetriesPerRequest: null,
    socketTimeout: WAIT_TIMEOUT_MS,
  },
} as const;

const retryStrategy = (times: number) => Math.min(RETRY_MS * 2 ** (times - 1), RETRY_MAX_MS);

/** Waits a little for a first contact, which shows whether it is a cluster. Never rejects. */
export async function connectRedis(
  address: RedisAddress,
  contact: RedisContact,
): Promise<RedisClients> {
  const { Cluster, Redis } = await import('ioredis');
  const { host, port, db, ...rest } = clientOptions(address);
  const openSingle: Open = (connection, connectionName) =>
    new Redis({
      ...rest,
      ...MANNERS[connection],
      host,
      port,
      db,
      connectionName,
      retryStrategy,
      // A primary that has become a replica: its address leads to the new one.
      reconnectOnError: ({ message }) => /\bREADONLY\b/.test(message),
    });
  const openCluster: Open = (connection, connectionName) => {
    const { enableOfflineQueue, ...manners } = MANNERS[connection];
    return new Cluster([{ host, port }], {
      redisOptions: { ...rest, ...manners, connectionName },
      enableOfflineQueue,
      clusterRetryStrategy: retryStrategy,
      // Certificates are for names, which must reach TLS as they are.
      ...(address.isTls ? { dnsLookup: (name, found) => found(null, name) } : {}),
    });
  };
  const single = openBoth(openSingle, contact);
  await becomesReady(single.commands);
  if (single.commands.status !== 'ready') return single;
  const about = await contact.ask(() => single.commands.info('cluster'));
  if (!/^cluster_enabled:1/m.test(about ?? '')) return single;
  single.end();
  const cluster = openBoth(openCluster, contact);
  await becomesReady(cluster.commands);
  return cluster;
}

type Open = (connection: Connection, name?: string) => RedisClient;

/** What BullMQ says of the connection that it wants: by itself for one server, within for a cluster. */
interface Named {
  readonly connectionName?: string;
  readonly redisOptions?: { readonly connectionName?: string };
}

function openBoth(open: Open, contact: RedisContact): RedisClients {
  const opened: RedisClient[] = [];
  let isOver = false;
  const openHeard = (connection: Connection, name?: string): RedisClient => {
    const client = open(connection, name);
    client.on('ready', () => contact.reached(connection));
    client.on('error', (error) => {
      if (!isOver) contact.lost(connection, error);
    });
    opened.push(client);
    return client;
  };
  const commands = openHeard('commands');
  commands.on('close', () => {
    if (!isOver) contact.lost('commands', CLOSED);
  });
  const duplicate = (first?: Named, second?: Named) =>
    openHeard('waits', (second?.redisOptions ?? first)?.connectionName);
  Object.assign(commands, { duplicate });
  return {
    commands,
    end() {
      isOver = true;
      for (const client of opened) {
        // BullMQ may be about to connect again what is ended.
        client.connect = () => Promise.reject(CLOSED);
        client.disconnect();
      }
    },
  };
}

async function becomesReady(client: RedisClient): Promise<void> {
  if (client.status === 'ready') return;
  let isReady = () => {};
  const ready = new Promise<void>((resolve) => {
    isReady = resolve;
  });
  client.once('ready', isReady);
  await within(FIRST_CONTACT_MS, ready).catch(() => {});
  client.off('ready', isReady);
}
