/** What the requests of the last while waited for, as shares of that while: where the bottleneck is. */
import { WAIT_REASONS, type WaitReason, type WaitTimes } from '../core/wait-times.js';

const SPAN_MIN_MS = 10_000;
const SPAN_MAX_MS = 300_000;

type Totals = Readonly<Record<WaitReason, number>>;

export class WaitShares {
  readonly #waits: Pick<WaitTimes, 'totalMs'>;
  readonly #marks: { readonly atMs: number; readonly totalsMs: Totals }[] = [];
  #shares: Totals = totals(() => 0);

  constructor(waits: Pick<WaitTimes, 'totalMs'>) {
    this.#waits = waits;
  }

  /** As of the last mark; all 0 before the second. */
  get shares(): Totals {
    return this.#shares;
  }

  /** Called about once a second. @param windowMs of the limit: a whole one is looked at */
  mark(atMs: number, windowMs: number | null): void {
    const spanMs = Math.min(SPAN_MAX_MS, Math.max(SPAN_MIN_MS, windowMs ?? 0));
    const totalsMs = totals((reason) => this.#waits.totalMs(reason, atMs));
    this.#marks.push({ atMs, totalsMs });
    let gone = 0;
    while ((this.#marks[gone + 1]?.atMs ?? atMs) <= atMs - spanMs) gone++;
    this.#marks.splice(0, gone);
    const first = this.#marks[0]?.totalsMs ?? totalsMs;
    const sumMs = WAIT_REASONS.reduce((sum, each) => sum + totalsMs[each] - first[each], 0);
    if (sumMs <= 0) return;
    this.#shares = totals((reason) => (totalsMs[reason] - first[reason]) / sumMs);
  }
}

function totals(of: (reason: WaitReason) => number): Record<WaitReason, number> {
  return {
    permit: of('permit'),
    answer: of('answer'),
    slot: of('slot'),
    credit: of('credit'),
    end: of('end'),
  };
}
