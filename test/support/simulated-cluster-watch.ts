/** Looks on at the members of a simulated run: at what none of them may do, and at who has nothing to do. */

import type { SegmentRange } from '../../src/core/claimed-segments.js';
import { entersAgain } from '../../src/core/entering.js';
import type { Fault } from '../../src/core/fault.js';
import type { RunOutcome, SchedulerCommand } from '../../src/core/scheduler-types.js';
import type { Found } from './simulated-cluster-history.js';
import { isResumable } from './simulated-history.js';
import type { SimulatedMachine } from './simulated-machine.js';
import type { SimulatedMember } from './simulated-member.js';
import type { SimulatedSegments } from './simulated-segments.js';
import type { SimulatedTime } from './simulated-time.js';

export interface WatchParts {
  readonly time: SimulatedTime;
  readonly segments: SimulatedSegments;
  readonly leaseMs: number;
  /** Whether the ledger or the queue is. */
  readonly isAway: () => boolean;
}

const LOOK_EVERY_MS = 250;

export class ClusterWatch {
  readonly #parts: WatchParts;
  readonly #wrongs = new Set<string>();
  readonly #counts = new Map<string, number>();
  /** Since when each has nothing to do, and could have something. */
  readonly #idleSinceMs = new Map<SimulatedMember, number>();
  readonly #machines = new Map<number, SimulatedMachine>();
  #isBeingPlanned = false;
  /** Behind a planner that was killed, or has lost its lock: they find nothing to be walked. */
  readonly #joinedTooSoon = new Set<number>();
  /** Others have taken what they held. */
  readonly #robbed = new Set<number>();
  #claimer = 0;
  #holders = new Map<number, number>();
  #idleMsMax = 0;
  #lookedAtMs = 0;

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  get found(): Found {
    return {
      wrongs: [...this.#wrongs],
      idleMsMax: this.#idleMsMax,
      counts: Object.fromEntries(this.#counts),
    };
  }

  /** A page is about to be committed. */
  committed(epoch: number, segment: number): void {
    const holder = this.#parts.segments.segments.get(segment)?.epoch;
    if (holder !== epoch) this.#wrong('a page is committed of a segment that another holds');
  }

  joined(epoch: number, machine: SimulatedMachine): void {
    this.#machines.set(epoch, machine);
    if (this.#isBeingPlanned) this.#joinedTooSoon.add(epoch);
  }

  claims(epoch: number): void {
    this.#claimer = epoch;
    const { segments } = this.#parts.segments;
    this.#holders = new Map([...segments.values()].map((one) => [one.segment, one.epoch]));
  }

  /** Behind `claims`. */
  claimed(claimed: readonly SegmentRange[]): void {
    const { leaseMs, segments, time } = this.#parts;
    for (const { segment } of claimed) {
      const from = this.#holders.get(segment) ?? 0;
      if (from === 0) continue;
      this.#count(from === this.#claimer ? 'claimed again' : 'taken over');
      if (from === this.#claimer) continue;
      this.#robbed.add(from);
      if (this.#isLiving(from)) this.#wrong('a claim takes what a living member holds');
      const machine = this.#machines.get(from);
      // Its lease may be over for long: nobody else was short of work.
      const { leaseUntilMs = time.nowMs } = segments.members.get(from) ?? {};
      const overForMs = Math.max(0, time.nowMs - leaseUntilMs);
      if (machine?.isAlive === true && !machine.wasFrozenWithin(overForMs + 2 * leaseMs))
        this.#wrong('a member at work loses what it holds');
    }
  }

  renewed(epoch: number): void {
    if (this.#robbed.has(epoch)) this.#wrong('a lease is renewed though others have what it held');
  }

  /** The share of a member is over. */
  over(epoch: number, plan: number, outcome: RunOutcome): void {
    if (outcome.status !== 'failed') return;
    const { segments, time } = this.#parts;
    const { code, message } = outcome.fault;
    const row = segments.members.get(epoch);
    const hasLapsed = row === undefined || row.hasLapsed || row.leaseUntilMs < time.nowMs;
    if (code === 'LEASE_LOST' && segments.plan === plan && !hasLapsed)
      this.#wrong(`a member loses its lease though it has renewed it: ${message}`);
    if (entersAgain(outcome) === null && !isResumable(outcome, true))
      this.#wrong(`a member fails: ${message}`);
  }

  plans(): void {
    this.#isBeingPlanned = true;
    this.#count('plans');
  }

  planned(): void {
    this.#isBeingPlanned = false;
  }

  said(command: SchedulerCommand): void {
    if (command.type === 'notice') this.#count(command.notice.event);
    else this.#count(command.type);
    if (command.type !== 'finish') return;
    const { outcome } = command;
    this.#count(`finish ${outcome.status === 'failed' ? outcome.fault.code : outcome.status}`);
  }

  seemedThrough(epoch: number): void {
    if (!this.#joinedTooSoon.has(epoch))
      this.#wrong('a member says that the run is through, and pages lack');
  }

  /** Under a plan lock that is lost: others have planned, or joined, since. */
  writesBehind(): void {
    this.#wrong('what is written under the plan lock comes behind what others have done');
  }

  recordedTooSoon(): void {
    this.#wrong('the run is put on record though pages lack');
  }

  /** A process could not go on. */
  ended({ code }: Fault): void {
    this.#count(`ended ${code}`);
  }

  look(members: readonly SimulatedMember[]): void {
    const { nowMs } = this.#parts.time;
    if (nowMs - this.#lookedAtMs < LOOK_EVERY_MS) return;
    this.#lookedAtMs = nowMs;
    if (this.#parts.isAway()) return this.#idleSinceMs.clear();
    const awake = members.filter(
      ({ machine, scheduler }) => scheduler !== null && !machine.isFrozen,
    );
    const free = this.#parts.segments.look(nowMs).free.length > 0;
    for (const member of members) {
      const hasNothing = awake.includes(member) && member.scheduler?.phase === 'idle';
      const couldHave =
        free || awake.some((one) => one !== member && (one.scheduler?.shareable ?? 0) > 0);
      if (!hasNothing || !couldHave) {
        this.#idleSinceMs.delete(member);
        continue;
      }
      const sinceMs = this.#idleSinceMs.get(member) ?? nowMs;
      this.#idleSinceMs.set(member, sinceMs);
      this.#idleMsMax = Math.max(this.#idleMsMax, nowMs - sinceMs);
    }
  }

  /** By its lease alone. */
  #isLiving(epoch: number): boolean {
    const { segments, time } = this.#parts;
    return (segments.members.get(epoch)?.leaseUntilMs ?? 0) > time.nowMs;
  }

  #wrong(what: string): void {
    this.#wrongs.add(what);
  }

  #count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }
}
