/** What a simulated API is like. */
import type { SourceSettings } from './simulated-source.js';

/** Of a page where all weigh the same. */
export const PAGE_BYTES = 1000;

export interface ApiSettings extends SourceSettings {
  /** The source file says that records are newest first, and that cursors can be made. */
  readonly isDeclared: boolean;
  /** Share of requests before which a row is added, at the start or at the end. */
  readonly growthShare: number;
  /** Never behind its end. @default false */
  readonly growsAtStart?: boolean;
  /** Share of pages that begin with the last row of the page before, whose content has changed. */
  readonly repeatShare: number;
  readonly pageCap: number;
  /** Null: no limit, and no header that tells of one. */
  readonly quota: number | null;
  readonly windowMs: number;
  readonly cursorTtlMs: number;
  /** The cursor behind a row is always the same, and does not expire. */
  readonly isStable: boolean;
  /** How far the server's clock is ahead of the program's. */
  readonly clockSkewMs: number;
  readonly isOpaque: boolean;
  /** What becomes of a cursor that the server did not make: `ignored` gives the first page. */
  readonly seeks: 'true' | 'refused' | 'ignored';
  /** Pages say neither how many records they hold nor how many there are. */
  readonly isFlat: boolean;
  /** Share of pages that hold fewer records than they might. */
  readonly shortShare: number;
  /** The largest page; each has a size of its own, whatever it holds. */
  readonly pageBytesMax: number;
  /** Share of pages that say there is no more though there is. */
  readonly falseEndShare: number;
  /** From this row on its cursors lead back to the page before, for ever; null: they do not. */
  readonly loopsFromRow: number | null;
  /** No answer that is a page says nothing of the limit. @default false */
  readonly alwaysTells?: boolean;
  /** Share of requests that fail, in one of many ways. */
  readonly faultShare: number;
  readonly latencyMs: number;
}

/** Pages that are whole, in order, and all of one size. */
export const STEADY = {
  isStable: false,
  isDeclared: true,
  sorting: 'newestFirst',
  growthShare: 0,
  repeatShare: 0,
  tieOrder: 'descending',
  tieShare: 0.1,
  shortShare: 0,
  pageBytesMax: PAGE_BYTES,
  falseEndShare: 0,
  loopsFromRow: null,
} as const satisfies Partial<ApiSettings>;
