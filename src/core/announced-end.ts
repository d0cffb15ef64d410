/**
 * Announced end: whether an answer that says "no more" is to be believed.
 *
 *   scanned, no more ─┬─ reaches its bound ──▶ written like any page
 *                     └─ short of it ──▶ held ─┬─ a row is known behind it ──▶ false
 *                                              ├─ others may still tell ──▶ wait
 *                                              ├─ fewer records came than were announced ──▶ doubtful
 *                                              └─ else ──▶ true
 *
 * A row behind it proves that the answer is false. A total only makes it doubtful, for totals may be
 * guesses: asked for often enough, such an end is believed, and the run says what it lacks.
 */
import type { OutstandingPage } from './outstanding.js';
import type { RunContext } from './run-context.js';

export interface DoubtedEnd {
  readonly type: 'doubtful' | 'false';
  readonly reason: string;
}

export type EndVerdict = { readonly type: 'wait' | 'true' } | DoubtedEnd;

const MORE_BEHIND = 'the API says that the source ends, and has told of rows behind that place';

/** One verdict for each page that is held for what it says of the end. */
export function judgeEnds(context: RunContext): [OutstandingPage, EndVerdict][] {
  const { outstanding, order, options } = context;
  const ends = outstanding.ends();
  if (ends.length === 0) return [];
  const isAlone = outstanding.size === ends.length;
  const records = context.recordsReceived + ends.reduce((sum, page) => sum + page.records, 0);
  const judgeRest = (): EndVerdict => {
    if (!isAlone) return { type: 'wait' };
    // What the others need is held by the ends alone: they cannot be waited for.
    if (!options.frontier.isExhausted) return { type: options.credits.hasRoom ? 'wait' : 'true' };
    const total = context.announced.records;
    if (total === null || records >= total) return { type: 'true' };
    const reason = `the API says that the source ends, after ${records} of the ${total} records that it announced`;
    return { type: 'doubtful', reason };
  };
  const rest = judgeRest();
  return ends.map((page) => {
    const { job, lastPosition } = page;
    // The first answer to a page that is repaired said that there is more behind it.
    const isFalse = !job.isTip || order.isRowBehind(lastPosition ?? job.after);
    return [page, isFalse ? { type: 'false', reason: MORE_BEHIND } : rest];
  });
}
