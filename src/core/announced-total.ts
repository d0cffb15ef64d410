/**
 * Announced total: how many records the API says there are, as far as that can be relied on.
 *
 * The least total counts: a source that grows while it is read adds rows before the place where the
 * walk began, and a total that is a guess varies. Where totals have gone down the source shrinks, and
 * the answer that ends it counts too; else that is the answer in doubt.
 */
import type { HeadFacts } from './scheduler-types.js';

export type TotalAnswer = Pick<
  HeadFacts,
  'total' | 'hasMore' | 'sentAtMs' | 'headAtMs' | 'passesTotal'
>;

export interface TotalFall {
  readonly from: number;
  readonly to: number;
}

export class AnnouncedTotal {
  readonly #ofEarlier: number | null;
  #least: number | null = null;
  #hasShrunk = false;
  #ofEnd: number | null = null;
  /** The greatest, and when the answer had come that said it. */
  #most: { readonly total: number; readonly atMs: number } | null;
  #fall: TotalFall | null = null;
  #isPassed = false;

  /** @param ofEarlier what earlier processes of the run were told; null: nothing */
  constructor(ofEarlier: number | null = null) {
    this.#ofEarlier = ofEarlier;
    this.#most = ofEarlier === null ? null : { total: ofEarlier, atMs: 0 };
  }

  observe({ total, hasMore, sentAtMs, headAtMs, passesTotal = false }: TotalAnswer): void {
    this.#isPassed ||= passesTotal;
    if (total === null) return;
    this.#noteFall(total, sentAtMs, headAtMs);
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

  /** Whether records came behind a total that their own answer told. */
  get isPassed(): boolean {
    return this.#isPassed;
  }

  /** From the greatest to the least that was told behind it; null: it has not gone down. */
  get fall(): TotalFall | null {
    return this.#fall;
  }

  /** Of answers that were under way together nobody knows which is the newer. */
  #noteFall(total: number, sentAtMs: number, headAtMs: number): void {
    const most = this.#most;
    if (most === null || total > most.total) this.#most = { total, atMs: headAtMs };
    else if (total < most.total && sentAtMs >= most.atMs) {
      this.#fall = { from: most.total, to: Math.min(total, this.#fall?.to ?? total) };
    }
  }
}
