/** The next job of a share: as the queue hands it out, or else of what the ledger says is free. */
import { LOOK_EVERY_MS } from '../../core/lease.js';
import type { SegmentSpan } from '../../core/taking.js';
import type { HeldJob, SegmentQueue } from '../../queue/segment-queue.js';

/** Waits for a while. @param changed something else is to be looked at @returns null: there is none */
export async function nextJob(
  queue: SegmentQueue,
  free: readonly SegmentSpan[],
  changed: AbortSignal,
): Promise<HeldJob | null> {
  // Not `AbortSignal.any` with `AbortSignal.timeout`: the timeout within may be collected as
  // garbage before it fires (nodejs/node#57736), and nothing would be looked for any more.
  const late = new AbortController();
  const giveUp = () => late.abort();
  if (changed.aborted) giveUp();
  changed.addEventListener('abort', giveUp);
  const timer = setTimeout(giveUp, LOOK_EVERY_MS);
  try {
    const job = await queue.take(late.signal);
    return job ?? (changed.aborted ? null : oneOf(free));
  } finally {
    clearTimeout(timer);
    changed.removeEventListener('abort', giveUp);
  }
}

/** Others look at the same time: each takes another one, mostly. */
function oneOf(free: readonly SegmentSpan[]): HeldJob | null {
  const span = free[Math.floor(Math.random() * free.length)];
  return span === undefined ? null : unqueued(span);
}

export function unqueued(span: SegmentSpan): HeldJob {
  return { ...span, done: async () => {}, putOff: async () => {} };
}
