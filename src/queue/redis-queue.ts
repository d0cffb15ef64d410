/**
 * The queue of a cluster: one BullMQ queue for each run, in a Redis that may go away, come back or be
 * emptied at any moment. Nothing here rejects then: it waits, and what Redis has forgotten is offered
 * again from the ledger.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { assert } from '../core/fault.js';
import {
  asBullJob,
  type BullQueue,
  openBullQueue,
  queuePrefix,
  readSegmentJob,
} from './bull-queue.js';
import { HeldJobs, type TakenJob } from './held-jobs.js';
import { readRedisUrl } from './redis-address.js';
import { connectRedis, type RedisClient, type RedisClients } from './redis-clients.js';
import { type ContactListener, isRefusal, RedisContact } from './redis-contact.js';
import type { HeldJob, SegmentJob, SegmentQueue } from './segment-queue.js';
import { Takers } from './takers.js';
import { within } from './within.js';

/** A member that is killed is not renewed: together they bound how long its jobs stay with it. */
const LOCK_DURATION_MS = 5_000;
const STALLED_INTERVAL_MS = 2_000;

const OFFERED_AT_ONCE = 500;
const RETRY_MS = 500;
const CLEAR_TIMEOUT_MS = 30_000;
/** For a job that was on its way when the queue was closed. */
const LAST_FETCH_MS = 1_000;
/** A turn that waits for nothing is quick: many in a row would let nothing else run. */
const QUICK_TURN_MS = 20;
const QUICK_TURNS_MAX = 3;

export interface RedisQueueOptions extends ContactListener {
  /** REDIS_URL. @see checkRedis for a first look at it */
  readonly url: string;
  /** An id of the database: several may share one Redis. */
  readonly database: string;
  /** Of the run, for an operator. @see runQueueName */
  readonly name: string;
  /** Shown as who works on a job. */
  readonly member: string;
  /** How long a job stays with a member that is not heard of. Twice the stalled interval at least. @default 5 s */
  readonly lockDurationMs?: number;
  /** How often locks are renewed, and looked for that ran out. @default 2 s */
  readonly stalledIntervalMs?: number;
}

/** Waits a little for a first contact, but does not need one. Loads BullMQ. */
export async function openRedisQueue(options: RedisQueueOptions): Promise<SegmentQueue> {
  const { url, database, name, member, ...rest } = options;
  const { lockDurationMs = LOCK_DURATION_MS, stalledIntervalMs = STALLED_INTERVAL_MS } = rest;
  assert(lockDurationMs >= 2 * stalledIntervalMs, 'a lock is renewed before it runs out');
  const address = readRedisUrl(url);
  assert(typeof address !== 'string', 'REDIS_URL was looked at before');
  const contact = new RedisContact(address, options);
  const clients = await connectRedis(address, contact);
  const warn = () => void warnOfEviction(clients.commands, contact, address.shownAs);
  clients.commands.on('ready', warn);
  if (clients.commands.status === 'ready') warn();
  const prefix = queuePrefix(database);
  const settings = { name, prefix, member, lockDurationMs, stalledIntervalMs };
  const bull = await openBullQueue(clients.commands, settings);
  return new RedisQueue({ bull, clients, contact, lockDurationMs, stalledIntervalMs });
}

async function warnOfEviction(client: RedisClient, contact: RedisContact, shownAs: string) {
  const memory = await contact.ask(() => client.info('memory'));
  const policy = /^maxmemory_policy:(\S+)/m.exec(memory ?? '')?.[1] ?? 'noeviction';
  if (policy === 'noeviction') return;
  contact.once(
    `Redis at ${shownAs} removes keys when its memory is full (maxmemory-policy ${policy}): waiting segments may go with them, and come back late. Set maxmemory-policy to noeviction`,
  );
}

interface Parts {
  readonly bull: BullQueue;
  readonly clients: RedisClients;
  readonly contact: RedisContact;
  readonly lockDurationMs: number;
  readonly stalledIntervalMs: number;
}

class RedisQueue implements SegmentQueue {
  readonly #bull: BullQueue;
  readonly #clients: RedisClients;
  readonly #contact: RedisContact;
  readonly #held: HeldJobs;
  readonly #takers = new Takers();
  readonly #stop = new AbortController();
  #isFetching = false;
  #fetching = Promise.resolve();
  #quickTurns = 0;
  #closing: Promise<void> | null = null;

  constructor({ bull, clients, contact, lockDurationMs, stalledIntervalMs }: Parts) {
    this.#bull = bull;
    this.#clients = clients;
    this.#contact = contact;
    this.#held = new HeldJobs(bull.worker, contact, lockDurationMs);
    // The connections are listened to themselves; a worker tells besides what Redis says against its waits.
    bull.queue.on('error', () => {});
    bull.worker.on('error', (error) => {
      if (isRefusal(error)) contact.failed(error);
    });
    void this.#keepLocks(stalledIntervalMs);
  }

  async offer(jobs: readonly SegmentJob[]): Promise<void> {
    for (let from = 0; from < jobs.length && !this.#isClosed; from += OFFERED_AT_ONCE) {
      const some = jobs.slice(from, from + OFFERED_AT_ONCE).map(asBullJob);
      const added = await this.#contact.ask(() => this.#bull.queue.addBulk(some));
      if (added === null) return;
    }
  }

  async take(signal?: AbortSignal): Promise<HeldJob | null> {
    if (this.#isClosed) return null;
    const taken = this.#takers.wait(signal);
    if (!this.#isFetching) this.#fetching = this.#fetch();
    return taken;
  }

  async clear(): Promise<void> {
    if (this.#isClosed) return;
    await this.#contact.ask(() => this.#bull.queue.obliterate({ force: true }), CLEAR_TIMEOUT_MS);
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  get #isClosed(): boolean {
    return this.#stop.signal.aborted;
  }

  async #end(): Promise<void> {
    this.#stop.abort();
    this.#contact.end();
    this.#takers.end();
    const { queue, worker } = this.#bull;
    // Breaks off a wait for the next job.
    await this.#contact.ask(() => worker.close(true));
    if (this.#clients.commands.status === 'ready') {
      await within(LAST_FETCH_MS, this.#fetching).catch(() => {});
      await this.#held.free();
    }
    this.#clients.end();
    await this.#contact.ask(() => queue.close());
  }

  /** One job after another, for as long as anybody waits for one. */
  async #fetch(): Promise<void> {
    this.#isFetching = true;
    while (!this.#takers.isEmpty && !this.#isClosed) {
      const taken = await this.#next();
      if (taken !== null) await this.#hand(taken);
    }
    this.#isFetching = false;
  }

  async #next(): Promise<TakenJob | null> {
    const token = randomUUID();
    const startedAtMs = performance.now();
    try {
      const job = await this.#bull.worker.getNextJob(token);
      if (job !== undefined) {
        this.#contact.reached('commands');
        this.#quickTurns = 0;
        return { job, token };
      }
    } catch (error) {
      if (isUnreadable(error) && (await this.#dropUnread(token))) return null;
      this.#contact.failed(error);
      await this.#pause(RETRY_MS);
    }
    const isQuick = performance.now() - startedAtMs < QUICK_TURN_MS;
    this.#quickTurns = isQuick ? this.#quickTurns + 1 : 0;
    // An operator may limit the rate of a queue: then BullMQ answers at once that there is nothing.
    if (this.#quickTurns > QUICK_TURNS_MAX) await this.#pause(QUICK_TURN_MS);
    return null;
  }

  async #hand(taken: TakenJob): Promise<void> {
    const segments = readSegmentJob(taken.job.data);
    if (segments === null) return this.#dropUnreadable(taken);
    // Whoever waited for it may have given up meanwhile.
    if (this.#takers.isEmpty) return this.#held.giveBack(taken);
    this.#takers.give(this.#held.hold(taken, segments));
  }

  /** BullMQ could not read a job that it has given to us: only its lock says which one. @returns whether there was one */
  async #dropUnread(token: string): Promise<boolean> {
    const { worker, jobOf } = this.#bull;
    const { commands } = this.#clients;
    const active = await this.#contact.ask(() => commands.lrange(worker.toKey('active'), 0, -1));
    for (const id of active ?? []) {
      const holder = await this.#contact.ask(() => commands.get(`${worker.toKey(id)}:lock`));
      if (holder !== token) continue;
      await this.#dropUnreadable({ job: jobOf(id), token });
      return true;
    }
    return false;
  }

  async #dropUnreadable(taken: TakenJob): Promise<void> {
    const { id } = taken.job;
    await this.#held.drop(taken);
    this.#contact.tell(
      `Job ${id} of the queue "${this.#bull.queue.name}" in Redis names no segments and was removed: something else than this program wrote it. Its segments are offered again`,
    );
  }

  /** Until `close`: renews what is held, and looks for what a member left behind. */
  async #keepLocks(everyMs: number): Promise<void> {
    while (!this.#isClosed) {
      await this.#pause(everyMs);
      if (this.#isClosed) return;
      await this.#held.renew();
      if (this.#held.isEmpty && this.#takers.isEmpty) continue;
      await this.#contact.ask(() => this.#bull.worker.getBackend().moveStalledJobsToWait());
    }
  }

  async #pause(forMs: number): Promise<void> {
    await delay(forMs, undefined, { signal: this.#stop.signal }).catch(() => {});
  }
}

/** Thrown where text is read that is not of the form that BullMQ writes. */
function isUnreadable(error: unknown): boolean {
  return error instanceof SyntaxError || error instanceof TypeError;
}
