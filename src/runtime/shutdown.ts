/**
 * Signals: the first drains, the second leaves at once. A terminal can deliver one Ctrl-C twice, so
 * that a second one counts only after a moment. Who does not listen ends with the exit code that says
 * so, and not by the signal itself.
 */

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const SECOND_SIGNAL_MS = 500;

let isSignalled = false;

/** Whether a signal has asked somebody who listened to end. */
export function hasSignalled(): boolean {
  return isSignalled;
}

/** A signal ends the process with this code as long as nobody else listens to it. */
export function exitOnSignal(exitCode: number): void {
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(exitCode);
    });
  }
}

export interface ShutdownHandlers {
  /** Finish what is in flight, start nothing. */
  readonly onDrain: (signal: NodeJS.Signals) => void;
  /** Leave now. */
  readonly onExit: () => void;
}

/**
 * @returns a function that stops listening, unless a signal has come: the copy of it that a terminal
 *   sends may arrive while the last words are said, and would cut them off
 */
export function listenForSignals(handlers: ShutdownHandlers): () => void {
  let firstAtMs: number | null = null;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (firstAtMs === null) {
      firstAtMs = performance.now();
      isSignalled = true;
      handlers.onDrain(signal);
    } else if (performance.now() - firstAtMs >= SECOND_SIGNAL_MS) {
      handlers.onExit();
    }
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return () => {
    if (firstAtMs !== null) return;
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
}
