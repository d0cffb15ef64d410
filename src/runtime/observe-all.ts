/** Tells several observers of the same run. */
import type { RunObserver } from './run-observer.js';

/**
 * @param watch whose failure is a bug of the run, and ends it
 * @param onlookers told after it; one that fails is left out from then on, for no run may end because
 *   somebody looks on
 * @param onFault told of that
 */
export function observeAll(
  watch: RunObserver,
  onlookers: readonly RunObserver[],
  onFault: (error: unknown) => void,
): RunObserver {
  if (onlookers.length === 0) return watch;
  const active = new Set(onlookers);
  const tell = (call: (observer: RunObserver) => void): void => {
    call(watch);
    for (const observer of active) {
      try {
        call(observer);
      } catch (error) {
        active.delete(observer);
        onFault(error);
      }
    }
  };
  return {
    fetchStarted: (command) => tell((observer) => observer.fetchStarted(command)),
    headSeen: (head) => tell((observer) => observer.headSeen(head)),
    scanned: (result) => tell((observer) => observer.scanned(result)),
    fetchFailed: (command, fault, meta) =>
      tell((observer) => observer.fetchFailed(command, fault, meta)),
    committed: (command, result) => tell((observer) => observer.committed(command, result)),
    writeFailed: (command, fault) => tell((observer) => observer.writeFailed(command, fault)),
    noticed: (notice) => tell((observer) => observer.noticed(notice)),
  };
}
