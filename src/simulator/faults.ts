/**
 * Faults: what goes wrong with which request. Decides only; deliver.ts and pages.ts do it.
 *
 * A fault is drawn from the seed and the number of the request at its endpoint, so the n-th accepted
 * request of a run meets the same fault in every run with that seed. Kinds are drawn in the order of the list
 * and the first that hits wins; header faults and lies are drawn beside it.
 */
import { mix32, purposeWord, unitDraw } from './hash.js';
import type { SimulatorSettings } from './settings.js';

/** Of these one request meets one at most. */
export const ANSWER_FAULTS = [
  'htmlError',
  'reset',
  'stall',
  'stallHead',
  'truncatedBody',
  'nullBody',
  'nonJsonBody',
  'wrongContentType',
  'redirect',
  'hugeBody',
] as const;
/** Faults of a page's content, after those; again one at most. */
export const PAGE_FAULTS = [
  'reservedPage',
  'loopingCursor',
  'missingCursor',
  'duplicateRows',
] as const;
/** Drawn on their own, whatever else happens. */
export const SIDE_FAULTS = ['totalLies', 'missingLimitHeaders', 'nonsenseLimitHeaders'] as const;

export type AnswerFault = (typeof ANSWER_FAULTS)[number];
export type PageFault = (typeof PAGE_FAULTS)[number];
export type SideFault = (typeof SIDE_FAULTS)[number];
export type FaultKind = AnswerFault | PageFault | SideFault;

export interface FaultPlan {
  readonly answer: AnswerFault | null;
  readonly page: PageFault | null;
  readonly sides: ReadonlySet<SideFault>;
  /** In [0, 1): which form of the fault. */
  readonly variant: number;
}

/** @param request 0-based number of the accepted request at its endpoint */
export type FaultDraw = (bucket: string, request: number) => FaultPlan;

export function faultDraw(settings: SimulatorSettings): FaultDraw {
  const variantWord = purposeWord(settings.seed, 'variant');
  return (bucket, request) => {
    const hits = (kind: FaultKind): boolean => {
      const share = settings[kind];
      if (share === 0) return false;
      const burst =
        kind === 'htmlError'
          ? Math.max(settings.faultBurst, settings.htmlErrorBurst)
          : settings.faultBurst;
      const word = purposeWord(settings.seed, `${bucket} ${kind}`);
      // A request is hit when a burst starts at it or at one of those before: the chance of a start
      // is such that all of them together come to the share.
      const startChance = 1 - (1 - share) ** (1 / burst);
      for (let back = 0; back < burst; back++) {
        if (unitDraw(word, request - back) < startChance) return true;
      }
      return false;
    };
    return {
      answer: ANSWER_FAULTS.find(hits) ?? null,
      page: PAGE_FAULTS.find(hits) ?? null,
      sides: new Set(SIDE_FAULTS.filter(hits)),
      variant: mix32(variantWord ^ mix32(request)) / 4294967296,
    };
  };
}
