/** What the pages of a simulated process weigh from their arrival to their commit. */
export class HeldBytes {
  readonly #byTask = new Map<number, number>();
  readonly #bytesMax: number;
  /** The most that was held beyond what is permitted; 0: never. */
  over = 0;

  /** @param bytesMax credits, and a misjudged page for each request in flight */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  hold(taskId: number, bytes: number): void {
    this.#byTask.set(taskId, bytes);
    let held = 0;
    for (const each of this.#byTask.values()) held += each;
    this.over = Math.max(this.over, held - this.#bytesMax);
  }

  release(taskId: number): void {
    this.#byTask.delete(taskId);
  }
}
