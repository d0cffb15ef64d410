/**
 * What the end of one share makes of its run. The member that finds nothing left puts the run on record as
 * complete; one that fails or is stopped leaves it to the others, and the last one says how it ended.
 */

/**
 * `record`: its end is put on record; `leave`: others go on, or have put the end on record; `planAnew`: pages lack of
 * a run that seemed to be through.
 */
export type ShareEnd = 'record' | 'leave' | 'planAnew';

/** Known under the plan lock. */
export interface EndedShare {
  /** Whether nobody has put the end of the run on record. */
  readonly isRunning: boolean;
  /** Of a share that found nothing left: stretches that no page covers. Null: it failed, or was stopped. */
  readonly gaps: number | null;
  /** Of one that failed or was stopped: the other members that are at work. */
  readonly others: number;
}

export function endOfShare({ isRunning, gaps, others }: EndedShare): ShareEnd {
  if (!isRunning) return 'leave';
  if (gaps !== null) return gaps === 0 ? 'record' : 'planAnew';
  return others > 0 ? 'leave' : 'record';
}
