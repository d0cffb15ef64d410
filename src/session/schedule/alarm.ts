/** Timers for instants of the wall clock: a schedule waits for days, and a clock can be set meanwhile. */

/** A timer counts no time in which the machine sleeps, and takes no longer span than 24 days. */
const LOOK_AGAIN_MS = 60_000;

export interface Alarms {
  nowMs(): number;
  /** Acts once, at `atMs` or as soon as it has passed. @returns a function that calls it off */
  at(atMs: number, act: () => void): () => void;
}

/** Epoch ms by the system's clock. */
export const systemAlarms: Alarms = {
  nowMs: () => Date.now(),
  at(atMs, act) {
    let timer: NodeJS.Timeout;
    const wait = (): void => {
      const leftMs = atMs - Date.now();
      timer = setTimeout(leftMs <= 0 ? act : wait, Math.min(Math.max(0, leftMs), LOOK_AGAIN_MS));
    };
    wait();
    return () => clearTimeout(timer);
  },
};
