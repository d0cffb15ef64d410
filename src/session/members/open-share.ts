/** Opens the share of a process that has entered a run: with the queue of the cluster, or one of its own. */

import { numbersForTaken } from '../../core/member-numbers.js';
import { databaseId, openMemberStore } from '../../database/members.js';
import type { RunStore } from '../../database/run-store.js';
import { openSegmentStore } from '../../database/segment-store.js';
import { MemoryQueue } from '../../queue/memory-queue.js';
import type { SegmentQueue } from '../../queue/segment-queue.js';
import type { SessionParts } from '../session-parts.js';
import { type EnteredRun, memberName } from './enter-run.js';
import { Share } from './share.js';

type ShareSource = Pick<
  SessionParts,
  'context' | 'source' | 'database' | 'patience' | 'prepared' | 'store' | 'children'
> &
  Pick<EnteredRun, 'joined'>;

export async function openShare(parts: ShareSource): Promise<Share> {
  const { context, source, database, patience, prepared, joined, store, children } = parts;
  const { leaseMs, redisUrl } = context.config;
  const { run } = prepared.run;
  const { paging, target } = source.spec;
  return new Share({
    ...{ joined, leaseMs },
    segments: openSegmentStore(database.pool, patience),
    members: openMemberStore(database.pool, patience),
    queue: await openQueue(parts),
    isShared: redisUrl !== null,
    seeding: {
      ...{ run, store, children },
      paging,
      knowsRows: target.reads === 'worker' || target.key.length > 0,
      planned: new Map(prepared.segments.map((seed) => [seed.segment, seed])),
      isOrdered: prepared.plan.isOrdered,
      nextNumber: numbersForTaken(joined.firstSegment),
    },
    countPages: () => countPages(store, run),
  });
}

async function countPages(store: RunStore, run: number) {
  const { inserted, rows, quarantined } = await store.loadTotals(run);
  return { inserted, known: rows - inserted, quarantined };
}

async function openQueue({
  context,
  database,
  prepared,
  joined,
}: ShareSource): Promise<SegmentQueue> {
  const { config, log } = context;
  const { redisUrl } = config;
  if (redisUrl === null) return new MemoryQueue();
  const [{ openRedisQueue }, { runQueueName }] = await Promise.all([
    import('../../queue/redis-queue.js'),
    import('../../queue/bull-queue.js'),
  ]);
  const { run, source, stream } = prepared.run;
  return openRedisQueue({
    url: redisUrl,
    database: await databaseId(database.pool),
    name: runQueueName(`${source}.${stream}`, run),
    member: `${memberName()} epoch ${joined.epoch}`,
    onTrouble: (message) => log.warn({ event: 'queue_trouble' }, message),
    onBack: () => log.info({ event: 'queue_back' }, 'Redis can be reached again'),
  });
}
