/**
 * Announced end: whether an answer that says "no more" is to be believed.
 *
 *   scanned, no more ─┬─ reaches its bound ──▶ written like any page
 *                     └─ short of it ──▶ held ─┬─ a row is known behind it ──▶ false
 *                                              ├─ others may still tell ──▶ wait
 *                                              ├─ they lack the credit that it holds ──▶ later
 *                                              ├─ fewer records came than were announced ──▶ doubtful
 *                                              ├─ earlier runs have read what lies behind it ──▶ doubtful
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
  /** Of the records that were announced, how many have not come. */
  readonly lacksShare?: number;
}

export type EndVerdict = { readonly type: 'wait' | 'later' | 'true' } | DoubtedEnd;

const LEADS_BACK = 'the API says that the source ends, with rows from before that place';
const MORE_BEHIND = 'the API says that the source ends, and has told of rows behind that place';

const SHORT_OF_EARLIER =
  'the API says that the source ends, short of what earlier runs have read of it';

/** One verdict for each page that is held for what it says of the end. */
export function judgeEnds(context: RunContext, nowMs: number): [OutstandingPage, EndVerdict][] {
  const { outstanding, order, options } = context;
  const ends = outstanding.ends();
  if (ends.length === 0) return [];
  // Of a child its own chain alone tells.
  if (context.isOfChildren) return ends.map((page) => [page, { type: 'true' }]);
  // What is being written is as good as received: the cursor of an end may not live until then.
  const writing = outstanding.writtenWhole();
  const isAlone = outstanding.size === ends.length + writing.length;
  const isUrgent = (): boolean =>
    !options.frontier.canSeek &&
    ends.some(({ job }) => job.cursorExpiresAtMs - nowMs < options.cursorThresholdMs);
  const judgeRest = (): EndVerdict => {
    if (!isAlone) return { type: 'wait' };
    const { frontier, credits } = options;
    if (!frontier.isIdleButEnds) return { type: credits.hasRoom ? 'wait' : 'later' };
    if (!frontier.isIdle && credits.hasRoom) return { type: 'wait' };
    const total = context.announced.records;
    const held = [...ends, ...writing].map(({ job, lastPosition, records }) => {
      return { after: job.after, through: lastPosition ?? job.after, records };
    });
    const records = context.received.count(held, order.holds);
    if (total === null || records >= total) return { type: 'true' };
    // What other members have received is not counted until they are through.
    if (context.awaitsOthers()) return { type: 'wait' };
    // The count is exact when all is committed.
    if (writing.length > 0 && !isUrgent()) return { type: 'wait' };
    const reason = `the API says that the source ends, after ${records} of the ${total} records that it announced`;
    return { type: 'doubtful', reason, lacksShare: 1 - records / total };
  };
  const rest = judgeRest();
  return ends.map((page) => {
    const { job, lastPosition } = page;
    if (order.isBefore(lastPosition, job.after))
      return [page, { type: 'false', reason: LEADS_BACK }];
    // The first answer to a page that is repaired said that there is more behind it.
    const end = lastPosition ?? job.after;
    const isFalse = order.isBefore(end, job.repairThrough) || order.isRowBehind(end);
    if (isFalse) return [page, { type: 'false', reason: MORE_BEHIND }];
    const isShort = rest.type === 'true' && page.bound !== null && options.followsRuns === true;
    return [page, isShort ? { type: 'doubtful', reason: SHORT_OF_EARLIER } : rest];
  });
}
