/** Where the walk of a claimed segment goes on, from the pages that members before have committed. */
import { planChild } from '../../core/child-resume.js';
import { planResume } from '../../core/resume.js';
import type { SegmentSeed } from '../../core/segment.js';
import type { ChildStore } from '../../database/child-store.js';
import type { LedgerPage } from '../../database/ledger-types.js';
import type { RunStore } from '../../database/run-store.js';
import type { ClaimedSegment, SegmentRange } from '../../database/segment-store.js';
import { childCursor } from '../../paging/child-cursor.js';
import { nowMs } from '../../runtime/clock.js';
import type { Source } from '../../source/source.js';

export interface SeedingParts {
  readonly run: number;
  readonly store: RunStore;
  readonly children: ChildStore;
  readonly source: Pick<Source, 'paging' | 'target'>;
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
  /** Segments whose rest lies in several stretches, with the further ones. */
  readonly divided: readonly { readonly first: SegmentRange; readonly others: SegmentRange[] }[];
}

/** @returns null where only a plan of the whole run tells how to go on */
export async function seedsOf(
  claimed: readonly ClaimedSegment[],
  parts: SeedingParts,
): Promise<Seeding | null> {
  if (claimed.some(({ parent }) => parent !== null)) return childSeeds(claimed, parts);
  let pages: readonly LedgerPage[] | null = null;
  const seeding = { seeds: [] as SegmentSeed[], ended: [] as number[], divided: [] as Divided[] };
  for (const segment of claimed) {
    const planned = parts.planned.get(segment.segment);
    if (planned !== undefined && !segment.hasPages) {
      seeding.seeds.push(planned);
      continue;
    }
    pages ??= await parts.store.loadPages(parts.run);
    const rest = parts.isOrdered ? restOf(segment, pages, parts) : startOf(segment, pages);
    if (rest === null) return null;
    seeding.seeds.push(...rest);
    if (rest.length === 0) seeding.ended.push(segment.segment);
    const [first, ...others] = rest;
    if (first !== undefined && others.length > 0) seeding.divided.push({ first, others });
  }
  return seeding;
}

type Divided = Seeding['divided'][number];

/** Of a chain, whose pages alone tell where it goes on: a plan looks at all of them. */
function startOf(segment: SegmentRange, pages: readonly LedgerPage[]): SegmentSeed[] | null {
  const isWhole = segment.after === null && segment.bound === null;
  return pages.length > 0 || !isWhole ? null : [rangeOf(segment)];
}

/** The first stretch keeps the number of the segment. */
function restOf(
  { segment, after, bound }: ClaimedSegment,
  pages: readonly LedgerPage[],
  { source, nextNumber }: SeedingParts,
): SegmentSeed[] | null {
  const { paging, target } = source;
  const within = { after, bound };
  const { gaps, restarts, isOrdered } = planResume(pages, { paging, within, nowMs: nowMs() });
  const isKeyed = target.reads === 'worker' || target.key.length > 0;
  if (!isOrdered || (restarts && !isKeyed)) return null;
  const own = pages.filter((page) => page.segment === segment);
  const page = own.reduce((last, one) => Math.max(last, one.page), 0) + 1;
  return gaps.map((gap, index) =>
    index === 0 ? { ...gap, segment, page } : { ...gap, segment: nextNumber() },
  );
}

function rangeOf({ segment, after, bound }: SegmentRange): SegmentSeed {
  return { segment, after, bound };
}

async function childSeeds(
  claimed: readonly ClaimedSegment[],
  { run, children }: SeedingParts,
): Promise<Seeding> {
  const walked = claimed.flatMap(({ segment, hasPages }) => (hasPages ? [segment] : []));
  const pages = await children.pagesOf(run, walked);
  const atMs = nowMs();
  const plans = claimed.map(({ segment, parent }) => {
    const startCursor = childCursor({ of: parent ?? '', at: null });
    const known = { segment, startCursor, pages: pages.get(segment) ?? [] };
    return { segment, seed: planChild(known, atMs).seed };
  });
  return {
    seeds: plans.flatMap(({ seed }) => seed ?? []),
    ended: plans.flatMap(({ segment, seed }) => (seed === null ? [segment] : [])),
    divided: [],
  };
}
