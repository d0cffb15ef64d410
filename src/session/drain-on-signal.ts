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

/** @param leave ends the process at once, with the reason @returns a function that stops listening */
export function drainOnSignal(
  engine: Drained,
  log: Pick<Logger, 'info'>,
  leave: (why: string) => void,
): () => void {
  return listenForSignals({
    onDrain: (signal) => {
      log.info(
        { event: 'drain_started', signal },
        `${signal}: finishing what is in flight, ${DRAIN_MS / 1000} s at most; a second one ends it at once`,
      );
      engine.drain({ status: 'interrupted' });
      setTimeout(() => void engine.cutOff(), DRAIN_FETCH_MS).unref();
      setTimeout(() => leave('what is in flight takes too long'), DRAIN_MS).unref();
    },
    onExit: () => leave('a second signal'),
  });
}
