/** The queue of a process alone. Several over the same jobs behave as the members of a cluster. */
import { jobId } from './job-id.js';
import type { HeldJob, SegmentJob, SegmentQueue } from './segment-queue.js';
import { Takers } from './takers.js';

/** The jobs of a run: each waits, is put off, or is held. */
export class MemoryJobs {
  #waiting: SegmentJob[] = [];
  #putOff: { readonly job: SegmentJob; readonly dueAtMs: number }[] = [];
  readonly #held = new Map<string, MemoryJob>();
  /** All of the three. */
  readonly #known = new Set<string>();
  readonly #members = new Set<Takers>();
  #timer: NodeJS.Timeout | undefined;

  enter(member: Takers): void {
    this.#members.add(member);
  }

  leave(member: Takers): void {
    this.#members.delete(member);
    const left = [...this.#held.values()].filter(({ holder }) => holder === member);
    for (const { id } of left) this.#held.delete(id);
    this.#waiting = [...left.map(({ job }) => job), ...this.#waiting];
    this.deal();
  }

  offer(jobs: readonly SegmentJob[]): void {
    for (const { first, last } of jobs) {
      const job = { first, last };
      const id = jobId(job);
      if (this.#known.has(id)) continue;
      this.#known.add(id);
      this.#waiting.push(job);
    }
    this.deal();
  }

  done(held: MemoryJob): void {
    if (!this.#release(held)) return;
    this.#known.delete(held.id);
  }

  putOff(held: MemoryJob, delayMs: number): void {
    if (!this.#release(held)) return;
    this.#putOff.push({ job: held.job, dueAtMs: performance.now() + delayMs });
    this.deal();
  }

  clear(): void {
    this.#waiting = [];
    this.#putOff = [];
    this.#held.clear();
    this.#known.clear();
    this.deal();
  }

  /** Gives what waits to those who wait, and wakes for what is put off while anybody does. */
  deal(): void {
    clearTimeout(this.#timer);
    this.#promote(performance.now());
    for (const takers of this.#members) {
      while (!takers.isEmpty) {
        const job = this.#waiting.shift();
        if (job === undefined) return this.#wakeForNext();
        const held = new MemoryJob(this, job, takers);
        this.#held.set(held.id, held);
        takers.give(held);
      }
    }
  }

  #promote(nowMs: number): void {
    const due = this.#putOff.filter(({ dueAtMs }) => dueAtMs <= nowMs);
    if (due.length === 0) return;
    this.#putOff = this.#putOff.filter(({ dueAtMs }) => dueAtMs > nowMs);
    due.sort((a, b) => a.dueAtMs - b.dueAtMs);
    this.#waiting.push(...due.map(({ job }) => job));
  }

  #wakeForNext(): void {
    if (this.#putOff.length === 0) return;
    const dueAtMs = this.#putOff.reduce((least, one) => Math.min(least, one.dueAtMs), Infinity);
    // A timer may fire a fraction of a millisecond early.
    this.#timer = setTimeout(() => this.deal(), Math.ceil(dueAtMs - performance.now()) + 1);
  }

  /** @returns false when it is not in these hands any more */
  #release(held: MemoryJob): boolean {
    if (this.#held.get(held.id) !== held) return false;
    return this.#held.delete(held.id);
  }
}

class MemoryJob implements HeldJob {
  readonly id: string;
  readonly job: SegmentJob;
  readonly holder: Takers;
  readonly #jobs: MemoryJobs;

  constructor(jobs: MemoryJobs, job: SegmentJob, holder: Takers) {
    this.#jobs = jobs;
    this.job = job;
    this.holder = holder;
    this.id = jobId(job);
  }

  get first(): number {
    return this.job.first;
  }

  get last(): number {
    return this.job.last;
  }

  async done(): Promise<void> {
    this.#jobs.done(this);
  }

  async putOff(delayMs: number): Promise<void> {
    this.#jobs.putOff(this, delayMs);
  }
}

export class MemoryQueue implements SegmentQueue {
  readonly #jobs: MemoryJobs;
  readonly #takers = new Takers();
  #isClosed = false;

  constructor(jobs = new MemoryJobs()) {
    this.#jobs = jobs;
    jobs.enter(this.#takers);
  }

  async offer(jobs: readonly SegmentJob[]): Promise<void> {
    if (!this.#isClosed) this.#jobs.offer(jobs);
  }

  async take(signal?: AbortSignal): Promise<HeldJob | null> {
    if (this.#isClosed) return null;
    const taken = this.#takers.wait(signal);
    this.#jobs.deal();
    return taken;
  }

  async clear(): Promise<void> {
    if (!this.#isClosed) this.#jobs.clear();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#takers.end();
    this.#jobs.leave(this.#takers);
  }
}
