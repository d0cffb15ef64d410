/**
 * Which parts of a simulated run are to be walked, and by whom: what the statements of the segment store and of the
 * members do (src/database/segment-sql.ts, members.ts), in a few lines each. A call is one transaction.
 */
import type { ClaimedSegment, Divided, SegmentRange } from '../../src/core/claimed-segments.js';
import { type Fault, IngestionError } from '../../src/core/fault.js';
import type { MemberLoad } from '../../src/core/help.js';
import { lateAfterMs } from '../../src/core/lease.js';
import { NUMBERS_OF_MEMBER } from '../../src/core/member-numbers.js';
import type { RunRest, SegmentSpan } from '../../src/core/taking.js';
import { comparePositions, type Position } from '../../src/paging/position.js';

export interface SimulatedSegment extends SegmentRange {
  after: Position | null;
  bound: Position | null;
  status: 'open' | 'ended' | 'superseded';
  /** Of the member that holds it; 0: nobody does. */
  epoch: number;
  readonly parent: string | null;
}

export interface SimulatedMemberRow {
  readonly epoch: number;
  leaseUntilMs: number;
  steadySinceMs: number;
  phase: MemberLoad['phase'];
  shareable: number;
  isLost: boolean;
  /** Whether its lease was ever over. */
  hasLapsed: boolean;
}

export interface JoinedRun {
  readonly epoch: number;
  readonly plan: number;
  readonly firstSegment: number;
}

export interface RenewedLease {
  readonly plan: number;
  readonly free: number;
  readonly isLeftBehind: boolean;
  readonly members: readonly MemberLoad[];
}

/** More jobs than members that could take them before they are looked for again. */
const JOBS_MAX = 200;

export class SimulatedSegments {
  readonly segments = new Map<number, SimulatedSegment>();
  readonly members = new Map<number, SimulatedMemberRow>();
  plan = 0;
  hasLeftOrder = false;
  readonly #childBlock: number;
  readonly #highestPageSegment: () => number;
  #lastEpoch = 0;
  #nextSegment = 0;

  /** @param childBlock children are offered in so many @param highestPageSegment that any page has; -1: none */
  constructor(childBlock: number, highestPageSegment: () => number) {
    this.#childBlock = childBlock;
    this.#highestPageSegment = highestPageSegment;
  }

  seedChildren(children: readonly { readonly segment: number; readonly parent: string }[]): void {
    for (const { segment, parent } of children) {
      this.segments.set(segment, {
        ...{ segment, parent, after: null, bound: null, status: 'open', epoch: 0 },
      });
    }
  }

  /** @returns the number of the first */
  planAnew(ranges: readonly Omit<SegmentRange, 'segment'>[], hasLeftOrder = false): number {
    this.plan++;
    this.hasLeftOrder ||= hasLeftOrder;
    for (const one of this.segments.values()) {
      one.epoch = 0;
      if (one.parent === null && one.status === 'open') one.status = 'superseded';
    }
    const first = this.#nextNumber();
    this.open(
      0,
      ranges.map((range, index) => ({ segment: first + index, ...range })),
    );
    return first;
  }

  /** Of who has joined last. */
  get lastEpoch(): number {
    return this.#lastEpoch;
  }

  join(leaseMs: number, nowMs: number): JoinedRun {
    const firstSegment = this.#nextNumber();
    this.#nextSegment = firstSegment + NUMBERS_OF_MEMBER;
    const epoch = ++this.#lastEpoch;
    this.members.set(epoch, {
      ...{ epoch, phase: 'idle', shareable: 0, isLost: false, hasLapsed: false },
      ...{ leaseUntilMs: nowMs + leaseMs, steadySinceMs: nowMs },
    });
    return { epoch, plan: this.plan, firstSegment };
  }

  /** Null: the member was forgotten. */
  renew(
    epoch: number,
    { phase, shareable }: Pick<MemberLoad, 'phase' | 'shareable'>,
    leaseMs: number,
    nowMs: number,
  ): RenewedLease | null {
    const me = this.members.get(epoch);
    if (me === undefined || me.isLost) return null;
    if (me.leaseUntilMs - nowMs < leaseMs - lateAfterMs(leaseMs)) me.steadySinceMs = nowMs;
    me.hasLapsed ||= me.leaseUntilMs < nowMs;
    me.leaseUntilMs = nowMs + leaseMs;
    me.phase = phase;
    me.shareable = shareable;
    const others = this.living(nowMs).filter((one) => one.epoch !== epoch);
    const free = [...this.segments.values()].filter((one) => isOpen(one) && one.epoch === 0);
    return {
      plan: this.plan,
      free: free.length,
      isLeftBehind: this.#isLeftBehind(nowMs),
      members: [{ epoch, phase, shareable }, ...others],
    };
  }

  #isLeftBehind(nowMs: number): boolean {
    const isDead = (epoch: number): boolean => {
      const holder = this.members.get(epoch);
      return holder !== undefined && (holder.isLost || holder.leaseUntilMs < nowMs);
    };
    return [...this.segments.values()].some((one) => isOpen(one) && isDead(one.epoch));
  }

  leave(epoch: number): void {
    this.members.delete(epoch);
  }

  living(nowMs: number): SimulatedMemberRow[] {
    return [...this.members.values()].filter(({ epoch }) => this.isLiving(epoch, nowMs));
  }

  isLiving(epoch: number, nowMs: number): boolean {
    const member = this.members.get(epoch);
    return member !== undefined && !member.isLost && member.leaseUntilMs > nowMs;
  }

  look(nowMs: number): RunRest {
    const open = [...this.segments.values()].filter(isOpen);
    const free = open.filter(({ epoch }) => epoch === 0 || !this.isLiving(epoch, nowMs));
    const jobs = new Map<string, { first: number; last: number }>();
    for (const { segment, parent } of free.sort((a, b) => a.segment - b.segment)) {
      const block = Math.floor(segment / this.#childBlock);
      const key = parent === null ? `${segment}` : `of ${block}`;
      const job = jobs.get(key);
      if (job === undefined) jobs.set(key, { first: segment, last: segment });
      else job.last = segment;
    }
    return {
      plan: this.plan,
      hasOpen: open.length > 0,
      free: [...jobs.values()].slice(0, JOBS_MAX),
    };
  }

  /** Of dead members that hold something of it, where the one that says so has renewed its lease in time. */
  giveUpDead(epoch: number, { first, last }: SegmentSpan, steadyMs: number, nowMs: number): void {
    const me = this.members.get(epoch);
    if (me === undefined || me.isLost) return;
    if (me.leaseUntilMs <= nowMs + steadyMs || me.steadySinceMs >= nowMs - steadyMs) return;
    for (const one of this.segments.values()) {
      const holder = this.members.get(one.epoch);
      const isIn = one.segment >= first && one.segment <= last && isOpen(one);
      if (isIn && holder !== undefined && holder.leaseUntilMs < nowMs) holder.isLost = true;
    }
  }

  claim(
    epoch: number,
    { first, last }: SegmentSpan,
    { plan, nowMs }: { readonly plan: number; readonly nowMs: number },
    hasPages: (segment: number) => boolean,
  ): ClaimedSegment[] {
    const me = this.members.get(epoch);
    if (me === undefined || me.isLost || plan !== this.plan) return [];
    const mayTake = (one: SimulatedSegment): boolean =>
      one.epoch === epoch ||
      (me.leaseUntilMs > nowMs && this.members.get(one.epoch)?.isLost !== false);
    const claimed = [...this.segments.values()]
      .filter((one) => one.segment >= first && one.segment <= last && isOpen(one) && mayTake(one))
      .sort((a, b) => a.segment - b.segment);
    for (const one of claimed) one.epoch = epoch;
    if (claimed.length > 0) this.#letGoLeftBehind(epoch, nowMs);
    return claimed.map(({ segment, after, bound, parent }) => {
      return { segment, after, bound, parent, hasPages: hasPages(segment) };
    });
  }

  open(epoch: number, ranges: readonly SegmentRange[]): void {
    for (const { segment, after, bound } of ranges) {
      if (this.segments.has(segment)) continue;
      this.segments.set(segment, { segment, after, bound, status: 'open', epoch, parent: null });
    }
  }

  setBound(epoch: number, segment: number, bound: Position | null): void {
    const held = this.segments.get(segment);
    if (held?.epoch !== epoch || !isOpen(held)) throw notHeld(segment);
    held.bound = bound;
  }

  split(epoch: number, segment: number, at: Position, newSegment: number): void {
    const held = this.segments.get(segment);
    const taken = this.segments.get(newSegment);
    if (held?.epoch !== epoch || !isOpen(held)) throw notHeld(segment);
    if (taken !== undefined && (taken.after === null || comparePositions(taken.after, at) !== 0))
      throw notHeld(segment);
    if (taken === undefined) {
      const { bound } = held;
      this.open(epoch, [{ segment: newSegment, after: at, bound }]);
    }
    held.bound = at;
  }

  end(epoch: number, segments: readonly number[]): void {
    for (const segment of segments) {
      const held = this.segments.get(segment);
      if (held?.epoch !== epoch || !isOpen(held)) continue;
      held.status = 'ended';
      held.epoch = 0;
    }
  }

  supersede(epoch: number, segment: number): void {
    const held = this.segments.get(segment);
    if (held?.epoch !== epoch) throw notHeld(segment);
    held.status = 'superseded';
  }

  divide(epoch: number, { segment, kept, others }: Divided): void {
    const held = this.segments.get(segment);
    if (held?.epoch !== epoch || !isOpen(held)) throw notHeld(segment);
    this.open(epoch, others);
    if (kept === null) return this.end(epoch, [segment]);
    held.after = kept.after;
    held.bound = kept.bound;
  }

  /** @param segments null: all that it holds */
  release(epoch: number, segments: readonly number[] | null): void {
    for (const one of this.segments.values()) {
      if (one.epoch === epoch && (segments === null || segments.includes(one.segment)))
        one.epoch = 0;
    }
  }

  /** In the transaction of each page. @throws IngestionError, LEASE_LOST */
  hold(epoch: number, segment: number): void {
    if (this.segments.get(segment)?.epoch !== epoch) throw notHeld(segment);
  }

  areOthersLeft(epoch: number, nowMs: number): boolean {
    return [...this.segments.values()].some((one) => {
      if (!isOpen(one) || one.epoch === epoch) return false;
      const holder = this.members.get(one.epoch);
      return holder?.phase !== 'atEnd' || holder.leaseUntilMs < nowMs;
    });
  }

  /** What a dead member had begun anew elsewhere: none of its last pages may come any more. */
  #letGoLeftBehind(epoch: number, nowMs: number): void {
    for (const one of this.segments.values()) {
      const isBehind = one.status === 'superseded' && one.epoch !== 0 && one.epoch !== epoch;
      if (isBehind && !this.isLiving(one.epoch, nowMs)) one.epoch = 0;
    }
  }

  #nextNumber(): number {
    const highest = Math.max(-1, this.#highestPageSegment(), ...this.segments.keys());
    return Math.max(this.#nextSegment, highest + 1);
  }
}

function isOpen({ status }: SimulatedSegment): boolean {
  return status === 'open';
}

function notHeld(segment: number): IngestionError {
  const message = `another member holds segment ${segment} by now`;
  const fault: Fault = { code: 'LEASE_LOST', message, retryable: false };
  return new IngestionError(fault);
}
