/** Several observers as one, told in the order given. */
import type { RunObserver } from './run-observer.js';

export function observeAll(observers: readonly RunObserver[]): RunObserver {
  const [only] = observers;
  if (only !== undefined && observers.length === 1) return only;
  return {
    fetchStarted: (command) => {
      for (const observer of observers) observer.fetchStarted(command);
    },
    headSeen: (head) => {
      for (const observer of observers) observer.headSeen(head);
    },
    scanned: (result) => {
      for (const observer of observers) observer.scanned(result);
    },
    fetchFailed: (fault, meta) => {
      for (const observer of observers) observer.fetchFailed(fault, meta);
    },
    committed: (command, result) => {
      for (const observer of observers) observer.committed(command, result);
    },
    writeFailed: (fault) => {
      for (const observer of observers) observer.writeFailed(fault);
    },
    noticed: (notice) => {
      for (const observer of observers) observer.noticed(notice);
    },
  };
}
