/** The queue over Redis does what the one in memory does. */
import { beforeEach } from 'vitest';
import { openRedisQueue } from '../../src/queue/redis-queue.js';
import { useRedisServer } from '../support/redis-server.js';
import { describeSegmentQueue } from '../support/segment-queue-suite.js';

const redis = useRedisServer();

let run = 0;
beforeEach(() => {
  run++;
});

describeSegmentQueue(() =>
  openRedisQueue({
    url: redis.url,
    database: 'a-database',
    name: `github.issues run ${run}`,
    member: 'a member',
    onTrouble: (message) => {
      throw new Error(`told of trouble: ${message}`);
    },
    onBack: () => {},
  }),
);
