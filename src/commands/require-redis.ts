/** A look at the Redis that was named, before a run relies on it. */
import type { Config } from '../config/config.js';
import { UserError } from '../session/user-error.js';

/** @throws UserError where it cannot be used */
export async function requireRedis({ redisUrl }: Pick<Config, 'redisUrl'>): Promise<void> {
  if (redisUrl === null) return;
  const { checkRedis } = await import('../queue/check-redis.js');
  const problem = await checkRedis(redisUrl);
  if (problem !== null) throw new UserError(problem, 'usage');
}
