/** What a job is called in a queue: a second offer of the same segments is the same job. */
import type { SegmentJob } from './segment-queue.js';

/** Neither a whole number nor with a colon: BullMQ refuses both. */
export function jobId({ first, last }: SegmentJob): string {
  return first === last ? `segment-${first}` : `segments-${first}-${last}`;
}
