/** Ends a session at a signal: what is in flight is finished within ten seconds, or left. */
import type { RunOutcome } from '../core/scheduler-types.js';
import type { Logger } from '../observe/logger.js';
import { listenForSignals } from '../runtime/shutdown.js';

/** In-flight requests are cut off this long after a signal, so that the drain ends in time. */
const DRAIN_FETCH_MS = 7_000;
const DRAIN_MS = 10_000;

export interface Drained {
  drain(outcome: RunOutcome): void;
  /** What is in flight is given up. */
  cutOff(): Promise<void>;
}

/** @param leave ends the process at once, with the reason @returns ends that once the session is over */
export function drainOnSignal(
  engine: Drained,
  log: Pick<Logger, 'info'>,
  leave: (why: string) => void,
): () => void {
  const timers: NodeJS.Timeout[] = [];
  const later = (forMs: number, act: () => void): void => {
    timers.push(setTimeout(act, forMs).unref());
  };
  const stopListening = listenForSignals({
    onDrain: (signal) => {
      log.info(
        { event: 'drain_started', signal },
        `${signal}: finishing what is in flight, ${DRAIN_MS / 1000} s at most; a second one ends it at once`,
      );
      engine.drain({ status: 'interrupted' });
      later(DRAIN_FETCH_MS, () => void engine.cutOff());
      later(DRAIN_MS, () => leave('what is in flight takes too long'));
    },
    onExit: () => leave('a second signal'),
  });
  return () => {
    stopListening();
    for (const timer of timers) clearTimeout(timer);
  };
}
