/** Recent share: whether something happened often of late. */
export class RecentShare {
  readonly #of: number;
  readonly #often: number;
  readonly #last: boolean[] = [];

  /** @param of how many of the latest count. @param often as many of them are often */
  constructor(of: number, often: number) {
    this.#of = of;
    this.#often = often;
  }

  get isOften(): boolean {
    return this.#last.filter((happened) => happened).length >= this.#often;
  }

  add(happened: boolean): void {
    this.#last.push(happened);
    if (this.#last.length > this.#of) this.#last.shift();
  }
}
