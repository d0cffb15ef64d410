/** A leaky bucket of points, as GraphQL APIs keep it: a query costs what it asks for. */

export interface CostState {
  readonly isPermitted: boolean;
  readonly available: number;
}

export class CostBucket {
  readonly capacity: number;
  readonly restorePerSecond: number;
  #available: number;
  #atMs = 0;

  constructor(capacity: number, restorePerSecond: number) {
    this.capacity = capacity;
    this.restorePerSecond = restorePerSecond;
    this.#available = capacity;
  }

  /** Takes the points if all are there. @param nowMs never goes backwards */
  take(points: number, nowMs: number): CostState {
    const restored = (Math.max(0, nowMs - this.#atMs) / 1000) * this.restorePerSecond;
    this.#available = Math.min(this.capacity, this.#available + restored);
    this.#atMs = nowMs;
    const isPermitted = points <= this.#available;
    if (isPermitted) this.#available -= points;
    return { isPermitted, available: this.available };
  }

  /** Whole points. */
  get available(): number {
    return Math.floor(this.#available);
  }

  giveBack(points: number): void {
    this.#available = Math.min(this.capacity, this.#available + points);
  }
}
