/** What the detectors of paging share: the first answer as they read it, and what they conclude. */
import type { NamedValue } from './named-values.js';
import type { PageFacts } from './page-kind.js';
import type { PaginatorPlan } from './paginator-plan.js';

export type Detection =
  /** `because` is the end of a sentence about the answer. */
  | { readonly type: 'detected'; readonly plan: PaginatorPlan; readonly because: string }
  /** Each reason is the end of a sentence about the answer. */
  | { readonly type: 'unsure'; readonly reasons: readonly string[] };

export interface FirstAnswer {
  readonly seen: PageFacts;
  /** The members of its body. */
  readonly values: readonly NamedValue[];
  /** The parameters that it was asked for with. */
  readonly params: Readonly<Record<string, unknown>>;
}

/** Null: it sees no sign of its kind. */
export type Detector = (answer: FirstAnswer) => Detection | null;

export const SINGLE_PAGE: PaginatorPlan = { type: 'single_page' };

export function detected(plan: PaginatorPlan, because: string): Detection {
  return { type: 'detected', plan, because };
}

export function unsure(...reasons: readonly string[]): Detection {
  return { type: 'unsure', reasons };
}
