/**
 * Credits: permission to hold uncommitted bytes.
 *
 * A dispatch reserves what a page is expected to weigh; the answer corrects it; the commit returns
 * it. Memory is bounded by `bytesMax` plus one misjudged page, however much data the source holds.
 */
import { assert } from './fault.js';

/**
 * However small they are: what is decided by commits, as that a walk leads nowhere, must not lag thousands
 * of pages behind a slow database. More than the requests that may be in flight.
 */
const PAGES_MAX = 1_500;

export class Credits {
  #bytesMax: number;
  #heldBytes = 0;
  #expectedPageBytes: number;
  readonly #byTask = new Map<number, number>();

  constructor(options: { bytesMax: number; expectedPageBytes: number }) {
    this.#bytesMax = options.bytesMax;
    this.#expectedPageBytes = options.expectedPageBytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  get bytesMax(): number {
    return this.#bytesMax;
  }

  /** What is held already stays; a lower bound holds for the pages to come. */
  set bytesMax(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Whether one more page may be fetched. One always may: else a huge page would stop the run. */
  get hasRoom(): boolean {
    const pages = this.#byTask.size;
    if (pages === 0) return true;
    return pages < PAGES_MAX && this.#heldBytes + this.#expectedPageBytes <= this.#bytesMax;
  }

  reserve(taskId: number): void {
    assert(!this.#byTask.has(taskId), 'a task reserves credit once');
    this.#hold(taskId, this.#expectedPageBytes);
  }

  /** The page weighs `bytes`: corrects its reservation and what the next pages are expected to weigh. */
  correct(taskId: number, bytes: number): void {
    if (!this.#byTask.has(taskId)) return;
    this.#hold(taskId, bytes);
    // Follows growth at once and shrinking slowly, so that the bound holds when sizes vary.
    this.#expectedPageBytes = Math.max(bytes, this.#expectedPageBytes * 0.9 + bytes * 0.1);
  }

  release(taskId: number): void {
    this.#heldBytes -= this.#byTask.get(taskId) ?? 0;
    this.#byTask.delete(taskId);
  }

  #hold(taskId: number, bytes: number): void {
    this.#heldBytes += bytes - (this.#byTask.get(taskId) ?? 0);
    this.#byTask.set(taskId, bytes);
  }
}
