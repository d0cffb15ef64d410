/** Repairs: pages that are asked for again although their segment has moved on. */
import { AFTER_ALL_OTHERS, type PageJob } from './page-job.js';

export class Repairs {
  #jobs: PageJob[] = [];

  get isEmpty(): boolean {
    return this.#jobs.length === 0;
  }

  /** Whether there is none, but for those that wait for all others. */
  get isEmptyButLast(): boolean {
    return this.#jobs.every(({ retryAtMs }) => retryAtMs === AFTER_ALL_OTHERS);
  }

  /** One that waits for all others; null: none does. */
  get last(): PageJob | null {
    return this.#jobs.find(({ retryAtMs }) => retryAtMs === AFTER_ALL_OTHERS) ?? null;
  }

  ready(nowMs: number): PageJob | null {
    return this.#jobs.find(({ retryAtMs }) => retryAtMs <= nowMs) ?? null;
  }

  /** When the next may be asked for; Infinity when there is none. */
  nextReadyMs(): number {
    return Math.min(...this.#jobs.map(({ retryAtMs }) => retryAtMs));
  }

  hasOf(segment: number): boolean {
    return this.#jobs.some((job) => job.segment === segment);
  }

  add(job: PageJob): void {
    this.#jobs.push(job);
  }

  /** It is asked for. */
  take(job: PageJob): void {
    this.#jobs = this.#jobs.filter((each) => each !== job);
  }

  /** Drops all of them. @returns their segments */
  clear(): number[] {
    const segments = this.#jobs.map(({ segment }) => segment);
    this.#jobs = [];
    return segments;
  }

  dropOf(segment: number): void {
    this.#jobs = this.#jobs.filter((job) => job.segment !== segment);
  }
}
