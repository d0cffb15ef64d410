/**
 * Committed ahead: pages that earlier walks have left where no order holds. A chain that comes to one of
 * their cursors passes over them, and goes on behind them.
 */
import type { Chains } from './chains.js';
import type { CommittedPage } from './committed-page.js';
import { type LivingTip, livingTip, recordsOf } from './resume.js';
import type { Advance, Segment } from './segment.js';

export interface PassedOver {
  /** Their records. */
  readonly records: number;
  /** Where to go on. */
  readonly to: LivingTip | 'end';
}

export class CommittedAhead {
  #chains: Chains<CommittedPage> | null = null;

  set chains(chains: Chains<CommittedPage>) {
    this.#chains = chains;
  }

  /** Moves a segment over them. @returns null where there are none */
  lead(segment: Segment, cursor: string, nowMs: number): Advance | null {
    const ahead = this.#behind(cursor, nowMs);
    if (ahead === null) return null;
    const { to, records: passedOver } = ahead;
    if (to === 'end') segment.end();
    else segment.passOver(to.nextCursor, to.nextCursorExpiresAtMs);
    return { type: to === 'end' ? 'ended' : 'advanced', passedOver };
  }

  /** Null: no page was asked for with that cursor, or none behind it can be gone on from. */
  #behind(cursor: string, nowMs: number): PassedOver | null {
    const walked = this.#chains?.walkBehind(cursor) ?? null;
    if (walked === null) return null;
    const [end] = walked.ends;
    if (end !== undefined) return { records: recordsOf(walked.pathTo(end)), to: 'end' };
    const to = livingTip(walked.tips, nowMs);
    return to && { records: recordsOf(walked.pathTo(to)), to };
  }
}
