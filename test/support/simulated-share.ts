/** The share of a simulated member: what src/session/members/share.ts does, with the same decisions. */
import {
  arePagesNeeded,
  type ClaimedSegment,
  childSeedsOf,
  newsOf,
  type Seeding,
  seedsOf,
} from '../../src/core/claimed-segments.js';
import { IngestionError } from '../../src/core/fault.js';
import { givesHelp, takesBeside } from '../../src/core/help.js';
import { AGAIN_MS, LOOK_EVERY_MS, RENEWALS, steadyMsOf } from '../../src/core/lease.js';
import type { ReceivedCounts } from '../../src/core/received-records.js';
import type { SegmentSeed } from '../../src/core/segment.js';
import {
  comesAgain,
  GIVEN_UP,
  lookAt,
  ownSpan,
  PLAN_WANTED,
  PLANNED_ANEW,
  type SegmentSpan,
  spanOf,
} from '../../src/core/taking.js';
import type { Position } from '../../src/paging/position.js';
import type { SeedBlock } from '../../src/runtime/run-journal.js';
import { type Doing, DoingQueue, take } from './simulated-doing.js';
import { SimulatedJournal, type ToldSegments } from './simulated-journal.js';
import { oneOf, type QueueUser, type TakenJob, unqueued } from './simulated-queue.js';
import type { ShareParts } from './simulated-share-parts.js';

export class SimulatedShare implements ToldSegments {
  readonly journal: SimulatedJournal;
  readonly #parts: ShareParts;
  /** What it takes for its own. */
  readonly #held = new Set<number>();
  /** By segment; `left`: those of the job that are still held. */
  readonly #jobs = new Map<number, { readonly held: TakenJob; readonly left: Set<number> }>();
  readonly #renewals = new DoingQueue();
  #own: SegmentSpan | null;
  #changes = 0;
  #stopWaiting: () => void = () => {};
  readonly #user: QueueUser;
  #isOver = false;

  constructor(parts: ShareParts) {
    this.#parts = parts;
    this.#own = ownSpan(parts.taking.planned.values(), parts.taking.isOrdered);
    this.journal = new SimulatedJournal(parts.machine, this, (fault) => parts.view.fail(fault));
    this.#user = { machine: parts.machine, hasLeft: false };
  }

  get epoch(): number {
    return this.#parts.joined.epoch;
  }

  /** From now on the lease is renewed. */
  begin(): void {
    const { machine, leaseMs } = this.#parts;
    const tick = (): void => {
      if (this.#isOver) return;
      this.#renew();
      machine.at(machine.nowMs + leaseMs / RENEWALS, tick);
    };
    tick();
  }

  // --- what is told of segments ----------------------------------------------------------------

  *open(seed: Pick<SegmentSeed, 'segment' | 'after' | 'bound'>): Doing<void> {
    yield* this.#ask(() => this.#parts.segments.open(this.epoch, [seed]));
    this.#held.add(seed.segment);
  }

  *split(segment: number, at: Position, newSegment: number): Doing<void> {
    yield* this.#ask(() => this.#parts.segments.split(this.epoch, segment, at, newSegment));
    this.#held.add(newSegment);
  }

  *setBound(segment: number, bound: Position | null): Doing<void> {
    yield* this.#ask(() => this.#parts.segments.setBound(this.epoch, segment, bound));
  }

  *end(ended: readonly number[]): Doing<void> {
    yield* this.#ask(() => this.#parts.segments.end(this.epoch, ended));
    this.#forget(ended);
  }

  *supersede(segment: number): Doing<void> {
    yield* this.#ask(() => this.#parts.segments.supersede(this.epoch, segment));
    this.#forget([segment]);
  }

  *give(given: readonly number[]): Doing<void> {
    yield* this.#ask(() => this.#parts.segments.release(this.epoch, given));
    this.#forget(given);
    this.#parts.queue.offer([spanOf(given)]);
  }

  /** A job is done once none of its segments is held any more. */
  #forget(segments: readonly number[]): void {
    for (const segment of segments) {
      this.#held.delete(segment);
      const job = this.#jobs.get(segment);
      if (job === undefined) continue;
      this.#jobs.delete(segment);
      job.left.delete(segment);
      if (job.left.size === 0) job.held.done();
    }
    this.#changes++;
    this.#stopWaiting();
  }

  // --- what is asked ---------------------------------------------------------------------------

  *take(isLeftBehind: boolean): Doing<SeedBlock> {
    const { segments, queue, joined, machine } = this.#parts;
    while (!this.#isOver) {
      const changes = this.#changes;
      const rest = yield* this.#ask(() => segments.look(machine.nowMs));
      const look = lookAt(rest, joined.plan);
      if (look === 'plannedAnew') throw new IngestionError(PLANNED_ANEW);
      if (look === 'through') {
        queue.empty();
        return { seeds: [], isThrough: true };
      }
      if (isLeftBehind) return { seeds: yield* this.#takeAll(rest.free), isThrough: false };
      queue.offer(rest.free);
      this.#renew();
      const queued = this.#takeOwn() ?? (yield* this.#takeJob(changes));
      // What the queue does not hand out is taken all the same.
      const job = queued ?? (changes === this.#changes ? oneOf(rest.free, this.epoch) : null);
      const seeds = job === null ? [] : yield* this.journal.inTurn(() => this.#claim(job));
      if (seeds.length > 0) return { seeds, isThrough: false };
    }
    return { seeds: [], isThrough: false };
  }

  *countAll(): Doing<ReceivedCounts> {
    const { segments, ledger, machine } = this.#parts;
    this.#renew();
    yield* this.#renewals.onIdle();
    const areLeft = () => this.#ask(() => segments.areOthersLeft(this.epoch, machine.nowMs));
    while (!this.#isOver && (yield* areLeft())) yield* this.#sleep(LOOK_EVERY_MS);
    return yield* this.#ask(() => ledger.received);
  }

  *#takeAll(free: readonly SegmentSpan[]): Doing<readonly SegmentSeed[]> {
    const seeds: SegmentSeed[] = [];
    for (const span of free)
      seeds.push(...(yield* this.journal.inTurn(() => this.#claim(unqueued(span)))));
    return seeds;
  }

  /** Once. */
  #takeOwn(): TakenJob | null {
    const own = this.#own;
    this.#own = null;
    return own && unqueued(own);
  }

  *#claim(held: TakenJob): Doing<readonly SegmentSeed[]> {
    const { segments, machine, leaseMs } = this.#parts;
    if (this.#isOver) return [];
    yield* this.#ask(() =>
      segments.giveUpDead(this.epoch, held, steadyMsOf(leaseMs), machine.nowMs),
    );
    const claimed = yield* this.#ask(() => this.#claimOf(held));
    if (claimed.length === 0) {
      const rest = yield* this.#ask(() => segments.look(machine.nowMs));
      if (comesAgain(held, rest)) held.putOff(AGAIN_MS);
      else held.done();
      return [];
    }
    const news = newsOf(claimed, this.#held);
    if (news.length === 0) {
      held.done();
      return [];
    }
    const job = { held, left: new Set(news.map(({ segment }) => segment)) };
    for (const segment of job.left) this.#jobs.set(segment, job);
    const found = yield* this.#seeds(news);
    if (found === null) throw new IngestionError(PLAN_WANTED);
    for (const divided of found.divided) {
      yield* this.#ask(() => segments.divide(this.epoch, divided));
      if (divided.kept === null) this.#forget([divided.segment]);
    }
    for (const { segment } of found.seeds) this.#held.add(segment);
    if (found.ended.length > 0) yield* this.end(found.ended);
    return found.seeds;
  }

  #claimOf(span: SegmentSpan): ClaimedSegment[] {
    const { segments, ledger, machine, watch, joined } = this.#parts;
    const hasPages = (segment: number): boolean =>
      ledger.pages.some((page) => page.segment === segment);
    watch.claims(this.epoch);
    const terms = { plan: joined.plan, nowMs: machine.nowMs };
    const claimed = segments.claim(this.epoch, span, terms, hasPages);
    watch.claimed(claimed);
    return claimed;
  }

  *#seeds(claimed: readonly ClaimedSegment[]): Doing<Seeding | null> {
    const { taking, ledger, machine } = this.#parts;
    if (claimed.some(({ parent }) => parent !== null)) {
      const pages = yield* this.#ask(() => ledger.pagesBySegment());
      return childSeedsOf(claimed, pages, machine.clockMs);
    }
    const isNeeded = arePagesNeeded(claimed, taking);
    const pages = isNeeded ? yield* this.#ask(() => [...ledger.pages]) : [];
    return seedsOf(claimed, pages, taking, machine.clockMs);
  }

  /** Null: there was none in a while, or something has changed since. */
  *#takeJob(changes: number): Doing<TakenJob | null> {
    const { queue, machine } = this.#parts;
    if (this.#isOver || changes !== this.#changes) return null;
    return yield* take<TakenJob | null>((resume) => {
      this.#stopWaiting = queue.take(this.#user, resume);
      const { nowMs } = machine;
      const giveUp = this.#stopWaiting;
      machine.at(nowMs + LOOK_EVERY_MS, giveUp);
    });
  }

  // --- the lease -------------------------------------------------------------------------------

  #renew(): void {
    this.#renewals.add(
      () => this.#renewNow(),
      () => {},
      // The ledger is away; the lease may lapse meanwhile.
      () => {},
    );
  }

  *#renewNow(): Doing<void> {
    const { segments, view, joined, leaseMs, machine, watch } = this.#parts;
    if (this.#isOver) return;
    const state = view.state();
    const renewed = yield* this.#ask(() => {
      const row = segments.renew(this.epoch, state, leaseMs, machine.nowMs);
      if (row !== null) watch.renewed(this.epoch);
      return row;
    }, false);
    if (renewed === null) return view.fail(GIVEN_UP);
    if (renewed.plan !== joined.plan) return view.fail(PLANNED_ANEW);
    if (givesHelp(this.epoch, renewed.members, renewed.free)) view.help();
    if (renewed.isLeftBehind && takesBeside(renewed.members)) view.takeLeftBehind();
  }

  /** What it holds is anybody's, at once. Nothing of it is under way. */
  *leave(): Doing<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopWaiting();
    yield* this.#renewals.onIdle();
    yield* this.journal.onIdle();
    const { segments } = this.#parts;
    yield* this.#ask(() => segments.release(this.epoch, null));
    yield* this.#ask(() => segments.leave(this.epoch));
    this.#parts.queue.leave(this.#user);
  }

  // --- details ---------------------------------------------------------------------------------

  #ask<T>(work: () => T, isPatient = true): Doing<T> {
    const { database, machine } = this.#parts;
    return database.ask(machine, work, isPatient);
  }

  #sleep(forMs: number): Doing<void> {
    const { machine } = this.#parts;
    return take<void>((resume) => machine.at(machine.nowMs + forMs, () => resume()));
  }
}
