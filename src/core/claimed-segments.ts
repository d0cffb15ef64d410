/** Where the walk of a claimed segment goes on, from the pages that members before have committed. */
import { childCursor } from '../paging/child-cursor.js';
import type { Paging } from '../paging/paging.js';
import { comparePositions, type Position } from '../paging/position.js';
import { planChild } from './child-resume.js';
import type { CommittedPage } from './committed-page.js';
import { type Gap, planResume } from './resume.js';
import type { SegmentSeed } from './segment.js';

/** A slice of the source: what is strictly after `after`, up to and including `bound`. */
export interface SegmentRange {
  readonly segment: number;
  /** Null: from the beginning. */
  readonly after: Position | null;
  /** Null: to the end. */
  readonly bound: Position | null;
}

export interface ClaimedSegment extends SegmentRange {
  /** Values of the parent's record, as JSON text. Null: the stream has no parent. */
  readonly parent: string | null;
  /** Pages with its number are committed. */
  readonly hasPages: boolean;
}

/** What of it the member does not walk already: a job may come twice. @param held what it takes for its own */
export function newsOf(
  claimed: readonly ClaimedSegment[],
  held: ReadonlySet<number>,
): ClaimedSegment[] {
  return claimed.filter(({ segment }) => !held.has(segment));
}

/** What a member knows of the run that it takes segments of. */
export interface TakingParts {
  readonly paging: Paging;
  /** Whether a row that comes again is known, by its key. */
  readonly knowsRows: boolean;
  /** As this member has planned them, with the cursors that lead there. */
  readonly planned: ReadonlyMap<number, SegmentSeed>;
  /** Whether the source declares an order, and nothing has contradicted it. */
  readonly isOrdered: boolean;
  /** A number for one more segment. */
  readonly nextNumber: () => number;
}

/** What is left of what was claimed. */
export interface Seeding {
  readonly seeds: readonly SegmentSeed[];
  /** Nothing is left of them. */
  readonly ended: readonly number[];
  readonly divided: readonly Divided[];
}

/** A segment whose rest does not lie behind its last page alone. */
export interface Divided {
  readonly segment: number;
  /** What keeps its number; null: it ends. */
  readonly kept: SegmentRange | null;
  readonly others: readonly SegmentRange[];
}

/** Whether the pages of the run say how to go on with any of these. */
export function arePagesNeeded(
  claimed: readonly ClaimedSegment[],
  { planned }: Pick<TakingParts, 'planned'>,
): boolean {
  return claimed.some((segment) => seedOf(segment, planned) === null);
}

/**
 * @param pages of the run, unless none are needed
 * @returns null where only a plan of the whole run tells how to go on
 */
export function seedsOf(
  claimed: readonly ClaimedSegment[],
  pages: readonly CommittedPage[],
  parts: TakingParts,
  nowMs: number,
): Seeding | null {
  const seeding = { seeds: [] as SegmentSeed[], ended: [] as number[], divided: [] as Divided[] };
  for (const segment of claimed) {
    const planned = seedOf(segment, parts.planned);
    if (planned !== null) {
      seeding.seeds.push(planned);
      continue;
    }
    const rest = parts.isOrdered ? restOf(segment, pages, parts, nowMs) : startOf(segment, pages);
    if (rest === null) return null;
    seeding.seeds.push(...rest);
    if (rest.length === 0) seeding.ended.push(segment.segment);
    const kept = rest.find((seed) => seed.segment === segment.segment) ?? null;
    const others = rest.filter((seed) => seed !== kept);
    if (others.length > 0) seeding.divided.push({ segment: segment.segment, kept, others });
  }
  return seeding;
}

/** @param pages of each that has some */
export function childSeedsOf(
  claimed: readonly ClaimedSegment[],
  pages: ReadonlyMap<number, readonly CommittedPage[]>,
  nowMs: number,
): Seeding {
  const plans = claimed.map(({ segment, parent }) => {
    const startCursor = childCursor({ of: parent ?? '', at: null });
    const known = { segment, startCursor, pages: pages.get(segment) ?? [] };
    return { segment, seed: planChild(known, nowMs).seed };
  });
  return {
    seeds: plans.flatMap(({ seed }) => seed ?? []),
    ended: plans.flatMap(({ segment, seed }) => (seed === null ? [segment] : [])),
    divided: [],
  };
}

/** As this member has planned it; null: it has not, or others have begun with it. */
function seedOf(
  { segment, hasPages }: ClaimedSegment,
  planned: TakingParts['planned'],
): SegmentSeed | null {
  return hasPages ? null : (planned.get(segment) ?? null);
}

/** Of a chain, whose pages alone tell where it goes on: a plan looks at all of them. */
function startOf(
  { segment, after, bound }: SegmentRange,
  pages: readonly CommittedPage[],
): SegmentSeed[] | null {
  const isWhole = after === null && bound === null;
  return pages.length > 0 || !isWhole ? null : [{ segment, after, bound }];
}

/**
 * What goes on from the last page of a segment keeps its number. Pages of a dead member may lack before that one:
 * they are segments of their own, as the pages of a segment follow one another.
 */
function restOf(
  { segment, after, bound, hasPages }: ClaimedSegment,
  pages: readonly CommittedPage[],
  { paging, knowsRows, nextNumber }: TakingParts,
  nowMs: number,
): SegmentSeed[] | null {
  const { gaps, restarts, isOrdered } = planResume(pages, {
    ...{ paging, nowMs, within: { after, bound } },
  });
  if (!isOrdered || (restarts && !knowsRows)) return null;
  if (!hasPages) {
    const [first, ...others] = gaps;
    const isOrphan = after !== null;
    return first === undefined
      ? []
      : [
          { ...first, segment, isOrphan },
          ...others.map((gap) => ({ ...gap, segment: nextNumber() })),
        ];
  }
  const own = pages.filter((page) => page.segment === segment);
  const last = own.reduce((latest, one) => (one.page > latest.page ? one : latest));
  const goesOn = ({ after: start }: Gap): boolean =>
    start !== null && last.through !== null && comparePositions(start, last.through) === 0;
  return gaps.map((gap) =>
    goesOn(gap) ? { ...gap, segment, page: last.page + 1 } : { ...gap, segment: nextNumber() },
  );
}
