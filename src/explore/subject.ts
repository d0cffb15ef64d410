/** What is explored: the parts of a stream that decide which probes are of use. Pure. */
import type { LimitPolicy } from '../core/token-bucket.js';
import { CURSOR_LIFE_MAX_MS } from '../paging/chain-kind.js';
import type { Beside } from '../source/codec.js';
import type { Source } from '../source/source.js';

/**
 * Where a cursor can be made for: places in `time`; ordinals of `records` or of `pages`; `none`: only the API
 * gives cursors.
 */
export type Places = 'time' | 'records' | 'pages' | 'none';

/** How many records a request asks for: as many as one likes, as many as the file says, or it does not say. */
export type Sizes = 'free' | 'fixed' | 'unsaid';

export interface Subject {
  /** `github.issues`, for a heading. */
  readonly name: string;
  /** What its records are called. */
  readonly stream: string;
  /** Of its limit. */
  readonly bucket: string;
  readonly places: Places;
  readonly sizes: Sizes;
  /** Whether its cursors may die of age. */
  readonly cursorsExpire: boolean;
  readonly beside: Beside | null;
}

/** Figures to plan with before anything was asked. */
export interface Expected {
  readonly latencyMs: number;
  /** Null: no limit is known. */
  readonly policy: LimitPolicy | null;
}

export function subjectOf(source: Source): Subject {
  const { name, stream, bucket, paging, codec } = source;
  return {
    ...{ name: `${name}.${stream}`, stream, bucket, beside: codec?.beside ?? null },
    places: placesOf(source),
    sizes: sizesOf(source),
    cursorsExpire: paging.cursorLifeMs < CURSOR_LIFE_MAX_MS,
  };
}

function placesOf(source: Source): Places {
  if (source.paging.seek === null) return 'none';
  if (source.codec !== null) return 'time';
  const { ordinalOf } = source.reading.kind;
  if (ordinalOf === null) return 'none';
  return ordinalOf(null, 1) === ordinalOf(null, 0) ? 'pages' : 'records';
}

function sizesOf(source: Source): Sizes {
  if (source.codec !== null) return 'free';
  const said = source.reading.sizeOf(1);
  if (said === null) return 'unsaid';
  return said === 1 && source.pageLimitMax > 1 ? 'free' : 'fixed';
}
