/** What the requests of the last while waited for, as shares of that while: where the bottleneck is. */
import { WAIT_REASONS, type WaitReason, type WaitTimes } from '../core/wait-times.js';
import { CHART_SPAN_MS, wholeWindowsMs } from './pace.js';

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

  /** Of all the time until `atMs`. */
  overAll(atMs: number): Totals {
    return sharesOf(totals((reason) => this.#waits.totalMs(reason, atMs)));
  }

  /** Called about once a second. @param windowMs of the limit: a whole one is looked at */
  mark(atMs: number, windowMs: number | null): void {
    const spanMs = wholeWindowsMs(CHART_SPAN_MS, windowMs);
    const totalsMs = totals((reason) => this.#waits.totalMs(reason, atMs));
    this.#marks.push({ atMs, totalsMs });
    let gone = 0;
    while ((this.#marks[gone + 1]?.atMs ?? atMs) <= atMs - spanMs) gone++;
    this.#marks.splice(0, gone);
    const first = this.#marks[0]?.totalsMs ?? totalsMs;
    this.#shares = sharesOf(totals((reason) => totalsMs[reason] - first[reason]));
  }
}

/** All 0 where nothing was waited for. */
function sharesOf(totalsMs: Totals): Totals {
  const sumMs = WAIT_REASONS.reduce((sum, reason) => sum + totalsMs[reason], 0);
  return totals((reason) => (sumMs <= 0 ? 0 : totalsMs[reason] / sumMs));
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
