/**
 * When a scan may hold the thread.
 *
 * An urgent head is posted before the page's rows are scanned, and main answers it with the next task.
 * A scan that began at once would keep that task's request waiting for milliseconds, and a chain of
 * pages pays that for each page. So a scan waits until the next task has sent its request, or for
 * the moment in which it would have come.
 */
import { setImmediate as immediate } from 'node:timers/promises';

/** Main answers a head in a fraction of this, unless limit or credits hold the next page back. */
const NEXT_TASK_MS = 1;

export class ScanTurn {
  readonly #waiting = new Set<() => void>();

  /** A task has come: scans that wait for it go on, once its request is on its way. */
  taskCame(): void {
    for (const goOn of this.#waiting) goOn();
    this.#waiting.clear();
  }

  async wait(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(goOn);
        resolve();
      }, NEXT_TASK_MS);
      const goOn = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#waiting.add(goOn);
    });
    await immediate();
  }
}
