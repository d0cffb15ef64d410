/**
 * Share: what one process does of a run, beside others or alone. It holds segments, and keeps its lease.
 *
 *   joined ──take──▶ walking ──give, end──▶ walking ──leave──▶ gone
 *      │  ▲             │
 *      │  └──nothing────┘ waits for a segment, or for the end of the run
 *      └──lease over, or planned anew──▶ lost: who comes back joins again, with another epoch
 *
 * The queue only says where work is. That it is to be had, the ledger says: a queue that was emptied is filled
 * from there, and what it does not hand out is taken all the same. Redis may be away, or a member that lost the
 * database alone may keep its job.
 */
import { setTimeout as delay } from 'node:timers/promises';
import PQueue from 'p-queue';
import { newsOf } from '../../core/claimed-segments.js';
import { type Fault, IngestionError } from '../../core/fault.js';
import { givesHelp, takesBeside } from '../../core/help.js';
import { AGAIN_MS, LOOK_EVERY_MS, RENEWALS, steadyMsOf } from '../../core/lease.js';
import type { ReceivedCounts } from '../../core/received-records.js';
import type { SegmentSeed } from '../../core/segment.js';
import {
  comesAgain,
  GIVEN_UP,
  lookAt,
  ownSpan,
  PLAN_WANTED,
  PLANNED_ANEW,
  type SegmentSpan,
  spanOf,
} from '../../core/taking.js';
import type { Holder } from '../../database/segment-store.js';
import type { Position } from '../../paging/position.js';
import type { HeldJob } from '../../queue/segment-queue.js';
import type { HeldSegments, SeedBlock } from '../../runtime/run-journal.js';
import { nextJob, unqueued } from './next-job.js';
import { loadSeeds } from './segment-seeds.js';
import { ShareJobs } from './share-jobs.js';
import type { ShareParts, ShareView } from './share-parts.js';

/** Sums over all pages: that of 10,000 takes some milliseconds. */
const RECOUNT_EVERY_MS = 5_000;

export class Share implements HeldSegments {
  readonly holder: Holder;
  /** Numbers that nobody else gives to a segment, from here on. */
  readonly firstSegment: number;
  /** Resolves, and only then, when the run was planned anew, or the member is forgotten. */
  readonly lost: Promise<Fault>;
  readonly #parts: ShareParts;
  readonly #over = new AbortController();
  readonly #turns = new PQueue({ concurrency: 1 });
  /** What it takes for its own. */
  readonly #held = new Set<number>();
  readonly #jobs = new ShareJobs();
  /** See `ownSpan`; null: it has taken that. */
  #own: SegmentSpan | null;
  #changed = new AbortController();
  #tellLost: (fault: Fault) => void = () => {};
  #view: ShareView | null = null;
  /** Something, and nothing more was asked for since: it walks, though its scheduler may not know yet. */
  #hasClaimed = false;
  #renewing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #recountedAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: ShareParts) {
    this.#parts = parts;
    this.holder = { run: parts.seeding.run, epoch: parts.joined.epoch };
    this.firstSegment = parts.joined.firstSegment;
    this.#own = ownSpan(parts.seeding.planned.values(), parts.seeding.isOrdered);
    this.lost = new Promise((resolve) => {
      this.#tellLost = resolve;
    });
  }

  /** How often the run was planned when the member joined. */
  get plan(): number {
    return this.#parts.joined.plan;
  }

  /** From now on the lease is renewed. */
  begin(view: ShareView): void {
    this.#view = view;
    this.#timer = setInterval(() => this.#renew(), this.#parts.leaseMs / RENEWALS);
    this.#timer.unref();
    if (this.#parts.isShared) this.#renew();
  }

  // --- segments --------------------------------------------------------------------------------

  open(segment: Pick<SegmentSeed, 'segment' | 'after' | 'bound'>): Promise<void> {
    return this.#inTurn(async () => {
      await this.#parts.segments.open(this.holder, [segment]);
      this.#held.add(segment.segment);
    });
  }

  split(segment: number, at: Position, newSegment: number): Promise<void> {
    return this.#inTurn(async () => {
      await this.#parts.segments.split(this.holder, segment, at, newSegment);
      this.#held.add(newSegment);
    });
  }

  setBound(segment: number, bound: Position | null): Promise<void> {
    return this.#inTurn(() => this.#parts.segments.setBound(this.holder, segment, bound));
  }

  end(segments: readonly number[]): Promise<void> {
    return this.#inTurn(() => this.#end(segments));
  }

  supersede(segment: number): Promise<void> {
    return this.#inTurn(async () => {
      await this.#parts.segments.supersede(this.holder, segment);
      await this.#forget([segment]);
    });
  }

  give(segments: readonly number[]): Promise<void> {
    return this.#inTurn(async () => {
      await this.#parts.segments.release(this.holder, segments);
      this.#parts.observer?.given(segments.length);
      await this.#forget(segments);
      await this.#parts.queue.offer([spanOf(segments)]);
    });
  }

  /** @throws IngestionError, LEASE_LOST, where the run was planned anew */
  async take(isLeftBehind = false): Promise<SeedBlock> {
    const { segments, queue, isShared, joined } = this.#parts;
    while (!this.#over.signal.aborted) {
      this.#hasClaimed = false;
      const changed = this.#changed.signal;
      const rest = await segments.look(this.holder.run, !isShared);
      const look = lookAt(rest, joined.plan);
      if (look === 'plannedAnew') throw new IngestionError(PLANNED_ANEW);
      if (look === 'through') {
        await queue.clear();
        return { seeds: [], isThrough: true };
      }
      if (isLeftBehind) return { seeds: await this.#takeAll(rest.free), isThrough: false };
      await queue.offer(rest.free);
      // Others learn at once that it has nothing to do.
      if (isShared) this.#renew();
      const job =
        this.#takeOwn() ??
        (await (isShared ? nextJob(queue, rest.free, changed) : queue.take(changed)));
      const seeds = job === null ? [] : await this.#inTurn(() => this.#claim(job));
      if (seeds.length > 0) return { seeds, isThrough: false };
    }
    return { seeds: [], isThrough: false };
  }

  async countAll(): Promise<ReceivedCounts> {
    const { segments, countAll } = this.#parts;
    this.#renew();
    await this.#renewing;
    while (!this.#over.signal.aborted && (await segments.areOthersLeft(this.holder))) {
      await delay(LOOK_EVERY_MS, undefined, { signal: this.#over.signal }).catch(() => {});
    }
    return countAll();
  }

  /** What can be had of it, at once. */
  async #takeAll(free: readonly SegmentSpan[]): Promise<readonly SegmentSeed[]> {
    const seeds: SegmentSeed[] = [];
    for (const span of free) {
      seeds.push(...(await this.#inTurn(() => this.#claim(unqueued(span)))));
    }
    return seeds;
  }

  /** Once. */
  #takeOwn(): HeldJob | null {
    const own = this.#own;
    this.#own = null;
    return own && unqueued(own);
  }

  async #claim(held: HeldJob): Promise<readonly SegmentSeed[]> {
    const { segments, leaseMs, seeding, isShared, joined, observer } = this.#parts;
    if (this.#over.signal.aborted) return [];
    this.#hasClaimed = true;
    // None that says otherwise may come behind the claim.
    await this.#renewing;
    const claimed = await segments.claim(this.holder, held, {
      steadyMs: isShared ? steadyMsOf(leaseMs) : 0,
      plan: joined.plan,
    });
    if (claimed.length === 0) {
      const rest = await segments.look(this.holder.run, !isShared);
      await (comesAgain(held, rest) ? held.putOff(AGAIN_MS) : held.done());
      return [];
    }
    const news = newsOf(claimed, this.#held);
    if (news.length === 0) {
      await held.done();
      return [];
    }
    observer?.taken(news.length, claimed.filter(({ wasHeld }) => wasHeld).length);
    this.#jobs.add(held, news);
    const found = await loadSeeds(news, seeding);
    if (found === null) throw new IngestionError(PLAN_WANTED);
    for (const divided of found.divided) {
      await segments.divide(this.holder, divided);
      if (divided.kept === null) await this.#forget([divided.segment]);
    }
    for (const { segment } of found.seeds) this.#held.add(segment);
    if (found.ended.length > 0) await this.#end(found.ended);
    return found.seeds;
  }

  async #end(segments: readonly number[]): Promise<void> {
    await this.#parts.segments.end(this.holder, segments);
    await this.#forget(segments);
  }

  /** Whatever changes what it holds is done, and answered, before the next begins. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.add(work);
  }

  async #forget(segments: readonly number[]): Promise<void> {
    for (const segment of segments) {
      this.#held.delete(segment);
      await this.#jobs.forget(segment);
    }
    this.#change();
  }

  #change(): void {
    this.#changed.abort();
    this.#changed = new AbortController();
  }

  // --- the lease -------------------------------------------------------------------------------

  #renew(): void {
    // A database that is away is waited for by others; the lease may lapse meanwhile.
    this.#renewing = this.#renewing.then(() => this.#renewNow()).catch(() => {});
  }

  async #renewNow(): Promise<void> {
    const { members, leaseMs, joined } = this.#parts;
    if (this.#view === null || this.#over.signal.aborted) return;
    const state = this.#view.state();
    const phase = this.#hasClaimed ? 'walking' : state.phase;
    const renewed = await members.renew(this.holder, { ...state, phase }, leaseMs);
    if (renewed === null) return this.#tellLost(GIVEN_UP);
    if (renewed.plan !== joined.plan) return this.#tellLost(PLANNED_ANEW);
    if (givesHelp(this.holder.epoch, renewed.members, renewed.free)) this.#view.help();
    if (renewed.isLeftBehind && takesBeside(renewed.members)) this.#view.takeLeftBehind();
    if (renewed.members.length > 1) void this.#recount(this.#view);
  }

  /** What others have written counts too. The lease does not wait for that. */
  async #recount(view: ShareView): Promise<void> {
    if (performance.now() - this.#recountedAtMs < RECOUNT_EVERY_MS) return;
    this.#recountedAtMs = Number.POSITIVE_INFINITY;
    const rows = await this.#parts.countRows().catch(() => null);
    this.#recountedAtMs = performance.now();
    if (rows !== null && !this.#over.signal.aborted) view.recounted(rows);
  }

  /** What it holds is anybody's, at once. Nothing of it is under way. */
  async leave(): Promise<void> {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#changed.abort();
    clearInterval(this.#timer);
    await this.#renewing;
    await this.#turns.onIdle();
    const { segments, members, queue } = this.#parts;
    try {
      await segments.release(this.holder);
      await members.leave(this.holder);
    } finally {
      // Its connections would keep the process from ending.
      await queue.close();
    }
  }
}
