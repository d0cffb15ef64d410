/** Members of a cluster in this process, with what each is told of Redis. */
import { afterEach, beforeEach } from 'vitest';
import { openRedisQueue, type RedisQueueOptions } from '../../src/queue/redis-queue.js';
import type { SegmentQueue } from '../../src/queue/segment-queue.js';
import { endQueueMembers, type MemberOptions } from './queue-member.js';
import type { RedisServer } from './redis-server.js';

export interface Member {
  readonly queue: SegmentQueue;
  /** What it was told, `back` among it. */
  readonly told: readonly string[];
  /** Resolves once it was told so, so often. */
  hears(what: RegExp, times?: number): Promise<void>;
}

export interface RedisMembers {
  /** Of the test's own run. */
  options(more?: Partial<MemberOptions>): MemberOptions;
  /** Closed after the test. */
  open(more?: Partial<MemberOptions>): Promise<Member>;
}

/** Called at the top of a test file, behind `useRedisServer`. */
export function useRedisMembers(redis: RedisServer): RedisMembers {
  const opened: SegmentQueue[] = [];
  let run = 0;
  beforeEach(() => {
    run++;
  });
  afterEach(async () => {
    endQueueMembers();
    redis.thaw();
    await Promise.all(opened.splice(0).map((queue) => queue.close()));
  });
  const members: RedisMembers = {
    options: (more) => ({
      url: redis.url,
      database: 'a-database',
      name: `github.issues run ${run}`,
      member: 'a member',
      ...more,
    }),
    async open(more) {
      const told: string[] = [];
      const waits = new Set<() => void>();
      const tell = (text: string) => {
        told.push(text);
        for (const look of waits) look();
      };
      const options: RedisQueueOptions = {
        ...members.options(more),
        onTrouble: tell,
        onBack: () => tell('back'),
      };
      const queue = await openRedisQueue(options);
      opened.push(queue);
      return {
        queue,
        told,
        hears: (what, times = 1) =>
          new Promise((resolve) => {
            const look = () => {
              if (told.filter((text) => what.test(text)).length < times) return;
              waits.delete(look);
              resolve();
            };
            waits.add(look);
            look();
          }),
      };
    },
  };
  return members;
}
