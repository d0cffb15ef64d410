/** Jobs of the queue that a share has taken. A job is done once none of its segments is held any more. */
import type { ClaimedSegment } from '../../core/claimed-segments.js';
import type { HeldJob } from '../../queue/segment-queue.js';

export class ShareJobs {
  readonly #jobs = new Map<number, Job>();

  /** @param claimed for the job */
  add(held: HeldJob, claimed: readonly ClaimedSegment[]): void {
    const job = { held, left: new Set(claimed.map(({ segment }) => segment)) };
    for (const segment of job.left) this.#jobs.set(segment, job);
  }

  async forget(segment: number): Promise<void> {
    const job = this.#jobs.get(segment);
    if (job === undefined) return;
    this.#jobs.delete(segment);
    job.left.delete(segment);
    if (job.left.size === 0) await job.held.done();
  }
}

interface Job {
  readonly held: HeldJob;
  /** Its segments that are still held. */
  readonly left: Set<number>;
}
