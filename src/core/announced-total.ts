/**
 * Announced total: how many records the API says there are, as far as that can be relied on.
 *
 * The least total counts: a source that grows while it is read adds rows before the place where the
 * walk began, and a total that is a guess varies. Where totals have gone down the source shrinks, and
 * the answer that ends it counts too; else that is the answer in doubt.
 */
export class AnnouncedTotal {
  readonly #ofEarlier: number | null;
  #least: number | null = null;
  #hasShrunk = false;
  #ofEnd: number | null = null;

  /** @param ofEarlier what earlier processes of the run were told; null: nothing */
  constructor(ofEarlier: number | null = null) {
    this.#ofEarlier = ofEarlier;
  }

  observe({ total, hasMore }: { readonly total: number | null; readonly hasMore: boolean }): void {
    if (total === null) return;
    if (!hasMore) {
      this.#ofEnd = total;
      return;
    }
    this.#hasShrunk ||= this.#least !== null && total < this.#least;
    this.#least = Math.min(this.#least ?? total, total);
  }

  /** Null: no answer says how many there are. */
  get records(): number | null {
    const ofOthers = this.#least ?? this.#ofEarlier;
    if (ofOthers === null || this.#ofEnd === null) return ofOthers ?? this.#ofEnd;
    return this.#hasShrunk ? Math.min(ofOthers, this.#ofEnd) : ofOthers;
  }
}
