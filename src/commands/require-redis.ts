/** A look at the Redis that was named, before a run relies on it. */
import type { Config } from '../config/config.js';
import { UserError } from '../session/user-error.js';

/** @throws UserError where it cannot be used */
export async function requireRedis({
  redisUrl,
  standby,
}: Pick<Config, 'redisUrl' | 'standby'>): Promise<void> {
  if (redisUrl === null) return;
  if (standby) {
    throw new UserError(
      '--standby waits for a process that works alone, but REDIS_URL is set: members of a shared run take over from one another by themselves. Leave out one of the two',
      'usage',
    );
  }
  const { checkRedis } = await import('../queue/check-redis.js');
  const problem = await checkRedis(redisUrl);
  if (problem !== null) throw new UserError(problem, 'usage');
}
