/**
 * BullMQ's side of a run: its settings, and how jobs lie in it. The packages are loaded here, for a
 * start without Redis needs none of them.
 */
import type { Job, Queue, RedisQueueBackend, Worker } from 'bullmq';
import { z } from 'zod';
import { jobId } from './job-id.js';
import type { RedisClient } from './redis-clients.js';
import type { SegmentJob } from './segment-queue.js';

/** For charts that nobody draws of a run; each entry is some hundred bytes. */
const EVENTS_MAX = 1_000;
/** A marker that its taker lost is missed for so long at most. */
const WAIT_SECONDS = 2;
/** A job must outlive any number of members. */
const TAKEOVERS_MAX = 1_000_000_000;

export type BullJob = Job<unknown>;
export type BullWorker = Worker<unknown, unknown, string, RedisQueueBackend>;

export interface BullQueue {
  readonly queue: Queue;
  readonly worker: BullWorker;
  /** A job of which nothing is known but what it is called. */
  readonly jobOf: (id: string) => BullJob;
}

export interface BullSettings {
  readonly name: string;
  readonly prefix: string;
  /** Shown as who works on a job. */
  readonly member: string;
  readonly lockDurationMs: number;
  readonly stalledIntervalMs: number;
}

/** As an operator reads it, in Bull Board for example. A colon separates the parts of BullMQ's keys. */
export function runQueueName(stream: string, run: number): string {
  return `${stream} run ${run}`.replaceAll(':', '.');
}

/** The braces keep all keys of a database on one node of a Redis Cluster. */
export function queuePrefix(database: string): string {
  return `{datasync.${database.replaceAll(/[^\w.-]/g, '_')}}`;
}

export async function openBullQueue(
  commands: RedisClient,
  settings: BullSettings,
): Promise<BullQueue> {
  const { Job, Queue, Worker } = await import('bullmq');
  const { name, prefix, member, lockDurationMs, stalledIntervalMs } = settings;
  const shared = {
    connection: commands,
    prefix,
    // A look at the version that fails would fail the queue for good, and speaks on the console.
    skipVersionCheck: true,
    skipWaitingForReady: true,
  };
  const queue = new Queue(name, { ...shared, streams: { events: { maxLen: EVENTS_MAX } } });
  const worker: BullWorker = new Worker(name, null, {
    ...shared,
    name: member.replaceAll(/[^\w.-]/g, '_'),
    lockDuration: lockDurationMs,
    stalledInterval: stalledIntervalMs,
    maxStalledCount: TAKEOVERS_MAX,
    drainDelay: WAIT_SECONDS,
    // A job that is kept would refuse a later offer of the same segments.
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  });
  return { queue, worker, jobOf: (id) => new Job(worker, '', {}, {}, id) };
}

export function asBullJob({ first, last }: SegmentJob) {
  const id = jobId({ first, last });
  return { name: id.replaceAll('-', ' '), data: { first, last }, opts: { jobId: id } };
}

const segmentJob = z
  .object({ first: z.int().nonnegative(), last: z.int().nonnegative() })
  .refine(({ first, last }) => first <= last);

/** @returns null when it is none: anybody may have written it */
export function readSegmentJob(data: unknown): SegmentJob | null {
  return segmentJob.safeParse(data).data ?? null;
}
