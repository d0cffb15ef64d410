/**
 * The queue says which segments of a run wait for a member. It holds no truth: who owns a segment, and
 * up to where it is walked, is in PostgreSQL, from which a lost queue is filled again.
 */

/** What a member takes at once: one segment, or neighbouring children (first..last, by segment number). */
export interface SegmentJob {
  readonly first: number;
  readonly last: number;
}

/** It leaves the holder's hands once; what is said of it later says nothing. Neither call rejects. */
export interface HeldJob extends SegmentJob {
  /** It is walked to its end, or its rest was offered as other jobs: the queue forgets it. */
  done(): Promise<void>;
  /** Nobody can work on it now: it comes again after `delayMs`. */
  putOff(delayMs: number): Promise<void>;
}

export interface SegmentQueue {
  /**
   * A job that is in the queue already, or held, is not added again. Never rejects: what does not get
   * through is offered again from the ledger.
   */
  offer(jobs: readonly SegmentJob[]): Promise<void>;
  /** Waits for the next job. Null: the queue was closed, or the signal aborted. Never rejects. */
  take(signal?: AbortSignal): Promise<HeldJob | null>;
  /** The run is over: whatever is left of it goes. */
  clear(): Promise<void>;
  /** Ends pending takes; what this process holds is free for others at once where the queue can be reached. */
  close(): Promise<void>;
}
