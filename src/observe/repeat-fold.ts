/**
 * Repeat fold: what says the same again within a while is counted, not said. Time is an argument.
 *
 *   said │ × × ×   × │ said: 4 more   ×          × │ said: 2 more
 *        └─ 1 min ───┘└──────── 4 min ─────────────┘└─ 15 min ─ …
 *
 * The window grows while the repeats go on, so that an hour of them is a few lines, and the first
 * of them is told at once. Whoever was quiet for the longest window begins anew. Where more than one
 * is wanted, so many are said at the beginning of the first window, and then none.
 */

const WINDOW_MS = 60_000;
const WINDOW_GROWTH = 4;
const WINDOW_MAX_MS = 900_000;

/** What was counted in a window that is over. */
export interface Repeats<T> {
  readonly last: T;
  readonly count: number;
  /** In which they came. */
  readonly overMs: number;
}

interface Window<T> {
  startedAtMs: number;
  lengthMs: number;
  /** How many more are said before they are counted. */
  toSay: number;
  count: number;
  last: T | null;
}

export class RepeatFold<T> {
  readonly #windows = new Map<string, Window<T>>();
  readonly #sayFirst: number;

  /** @param sayFirst how many are said before the first is counted */
  constructor(sayFirst = 1) {
    this.#sayFirst = sayFirst;
  }

  /** @param key what makes two the same @returns whether to say it; else it is counted */
  add(key: string, item: T, nowMs: number): boolean {
    const window = this.#windows.get(key);
    // A window that is over is open while nobody has taken what it counted.
    if (window !== undefined && (nowMs < endOf(window) || window.count > 0)) {
      if (window.toSay > 0) {
        window.toSay--;
        return true;
      }
      window.count++;
      window.last = item;
      return false;
    }
    this.#begin(key, window, nowMs);
    return true;
  }

  /** The repeats of all windows that are over. */
  due(nowMs: number): Repeats<T>[] {
    return this.#take(nowMs, (window) => endOf(window) <= nowMs);
  }

  /** All repeats that were not said yet. */
  rest(nowMs: number): Repeats<T>[] {
    return this.#take(nowMs, () => true);
  }

  /** When the next repeats are due; Infinity: none are held. */
  get dueAtMs(): number {
    const held = [...this.#windows.values()].filter(({ count }) => count > 0);
    return Math.min(...held.map(endOf));
  }

  #take(nowMs: number, isWanted: (window: Window<T>) => boolean): Repeats<T>[] {
    const taken: Repeats<T>[] = [];
    for (const [key, window] of this.#windows) {
      const { count, last, startedAtMs } = window;
      if (count > 0 && last !== null && isWanted(window)) {
        taken.push({ last, count, overMs: nowMs - startedAtMs });
        this.#begin(key, window, nowMs);
      } else if (isForgotten(window, nowMs)) this.#windows.delete(key);
    }
    return taken;
  }

  #begin(key: string, before: Window<T> | undefined, nowMs: number): void {
    const isNew = before === undefined || isForgotten(before, nowMs);
    const lengthMs = isNew ? WINDOW_MS : before.lengthMs * WINDOW_GROWTH;
    const window = { startedAtMs: nowMs, lengthMs: Math.min(lengthMs, WINDOW_MAX_MS) };
    const toSay = isNew ? this.#sayFirst - 1 : 0;
    this.#windows.set(key, { ...window, toSay, count: 0, last: null });
  }
}

function endOf({ startedAtMs, lengthMs }: Window<unknown>): number {
  return startedAtMs + lengthMs;
}

function isForgotten(window: Window<unknown>, nowMs: number): boolean {
  return window.count === 0 && nowMs - endOf(window) >= WINDOW_MAX_MS;
}
