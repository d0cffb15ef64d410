/** Slots: how many requests may be in flight at once, of all who share them. */
export class Slots {
  readonly #max: number;
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get isFree(): boolean {
    return this.#taken < this.#max;
  }

  take(): void {
    this.#taken++;
  }

  release(): void {
    this.#taken--;
  }
}
