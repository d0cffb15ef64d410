/** A member of a cluster as a process of its own: takes one job, says which, and holds it for as long as it lives. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { RedisQueueOptions } from '../../src/queue/redis-queue.js';

export type MemberOptions = Omit<RedisQueueOptions, 'onTrouble' | 'onBack'>;

export interface QueueMember {
  /** Of the job: `first..last`. */
  readonly holds: string;
  /** With SIGKILL. */
  kill(): Promise<void>;
}

const QUEUE = new URL('../../src/queue/redis-queue.js', import.meta.url).href;

const PROGRAM = `
import { openRedisQueue } from ${JSON.stringify(QUEUE)};
const queue = await openRedisQueue({
  ...JSON.parse(process.argv[1]),
  onTrouble: (message) => console.error(message),
  onBack: () => {},
});
const job = await queue.take();
console.log(job.first + '..' + job.last);
`;

const running = new Set<() => void>();

/** @param variables of its environment, besides this process's */
export async function startQueueMember(
  options: MemberOptions,
  variables: Readonly<Record<string, string>> = {},
): Promise<QueueMember> {
  const args = ['--input-type=module', '-e', PROGRAM, '--', JSON.stringify(options)];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const kill = () => child.kill('SIGKILL');
  running.add(kill);
  const [said] = await Promise.race([once(createInterface(child.stdout), 'line'), ended]);
  if (typeof said !== 'string') throw new Error(`the member ended with ${said}`);
  return {
    holds: said,
    async kill() {
      running.delete(kill);
      kill();
      await ended;
    },
  };
}

/** Called after each test. */
export function endQueueMembers(): void {
  for (const kill of running) kill();
  running.clear();
}
