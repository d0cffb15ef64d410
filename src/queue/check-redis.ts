/** A first look at Redis, before a run relies on it. */
import { readRedisUrl } from './redis-address.js';
import { clientOptions } from './redis-clients.js';
import { redisProblem } from './redis-problem.js';
import { within } from './within.js';

const LOOK_TIMEOUT_MS = 8_000;
/** What BullMQ asks for. */
const VERSION_MIN = [6, 2] as const;

/** @returns null, or what is wrong and what to do, for the command line. Never holds the password. */
export async function checkRedis(url: string): Promise<string | null> {
  const address = readRedisUrl(url);
  if (typeof address === 'string') return address;
  const { Redis } = await import('ioredis');
  const client = new Redis({
    ...clientOptions(address),
    lazyConnect: true,
    enableReadyCheck: false,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
  });
  // The rejection of `connect` says less.
  let first: unknown = null;
  client.on('error', (error) => {
    first ??= error;
  });
  try {
    const info = await within(
      LOOK_TIMEOUT_MS,
      client.connect().then(() => client.info()),
    );
    // Some errors do not end a connection: that there is no database of that number, for one.
    return first === null ? unfit(info, address.shownAs) : redisProblem(first, address);
  } catch (error) {
    return redisProblem(first ?? error, address);
  } finally {
    client.disconnect();
  }
}

/** @param info the reply to INFO */
function unfit(info: string, shownAs: string): string | null {
  const version = /^redis_version:(\d+)\.(\d+)/m.exec(info);
  if (version !== null) {
    const [major, minor] = [Number(version[1]), Number(version[2])];
    if (major < VERSION_MIN[0] || (major === VERSION_MIN[0] && minor < VERSION_MIN[1])) {
      const wanted = VERSION_MIN.join('.');
      return `Redis at ${shownAs} is of version ${major}.${minor}, too old for BullMQ. Upgrade it to ${wanted} or newer`;
    }
  }
  // Any node of a cluster shows the way to the others.
  if (/^role:slave/m.test(info) && !/^cluster_enabled:1/m.test(info)) {
    return `Redis at ${shownAs} is a replica, which takes no writes. Give the primary in REDIS_URL`;
  }
  return null;
}
