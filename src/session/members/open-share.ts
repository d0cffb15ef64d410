/** Opens the share of a process that has entered a run: with the queue of the cluster, or one of its own. */

import { numbersForTaken } from '../../core/member-numbers.js';
import { databaseId, type MemberStore, openMemberStore } from '../../database/members.js';
import type { RunStore } from '../../database/run-store.js';
import { type Holder, openSegmentStore } from '../../database/segment-store.js';
import { MemoryQueue } from '../../queue/memory-queue.js';
import type { SegmentQueue } from '../../queue/segment-queue.js';
import type { SessionParts } from '../session-parts.js';
import { type EnteredRun, memberName } from './enter-run.js';
import { withOwnNumbers } from './own-numbers.js';
import { Share } from './share.js';

type ShareSource = Pick<
  SessionParts,
  | 'context'
  | 'source'
  | 'database'
  | 'patience'
  | 'prepared'
  | 'store'
  | 'children'
  | 'shareObserver'
> &
  Pick<EnteredRun, 'joined'>;

export async function openShare(parts: ShareSource): Promise<Share> {
  const { context, source, database, patience, prepared, joined, store, children } = parts;
  const { leaseMs, redisUrl } = context.config;
  const { run } = prepared.run;
  const { paging, target } = source.spec;
  const members = openMemberStore(database.pool, patience);
  return new Share({
    ...{ joined, leaseMs },
    segments: withOwnNumbers(openSegmentStore(database.pool, patience), joined.firstSegment),
    members,
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
    countRows: async () => (await store.loadTotals(run)).rows,
    countAll: () => countAll(store, members, { run, epoch: joined.epoch }),
    observer: parts.shareObserver,
  });
}

/** All pages, and what others hold of ends that they wait to believe as this one does. */
async function countAll(store: RunStore, members: MemberStore, { run, epoch }: Holder) {
  const { inserted, rows, quarantined } = await store.loadTotals(run);
  const atEnd = (await members.list(run)).filter(
    (other) => other.epoch !== epoch && other.phase === 'atEnd' && !other.isDead,
  );
  const held = atEnd.reduce((sum, { figures }) => sum + (figures.heldRecords ?? 0), 0);
  return { inserted: inserted + held, known: rows - inserted, quarantined };
}

async function openQueue({
  context,
  database,
  prepared,
  joined,
  shareObserver,
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
    onReach: (isReached) => shareObserver?.queueReached(isReached),
  });
}
