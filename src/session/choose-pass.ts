/** Which run a start goes on with, or begins, and what that run reads. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { AskedPass } from '../config/config.js';
import type { Run } from '../database/ledger-types.js';
import type { Watermark } from '../database/watermarks.js';
import { cursorScalar, valueBefore } from '../source/cursor-value.js';
import { FULL_PASS, type Pass, passOf, passText } from '../source/pass.js';
import type { IncrementalPlan } from '../source/plan.js';
import type { ParentNews } from './prepare-children.js';

export type RunChoice =
  /** The latest run is complete, and nothing tells what is new. */
  | { readonly type: 'nothingToDo' }
  | { readonly type: 'goOn' }
  | { readonly type: 'begin'; readonly pass: Pass }
  /** The message says what to do. */
  | { readonly type: 'refused'; readonly message: string };

export interface PassFacts {
  readonly asked: AskedPass;
  /** Read all again where nothing tells what is new. */
  readonly runsAgain: boolean;
  /** The latest run over the stream; null: there is none, or it is left as it is. */
  readonly latest: Pick<Run, 'run' | 'status' | 'settings'> | null;
  /** Null: every run reads all of the stream. */
  readonly incremental: IncrementalPlan | null;
  readonly watermark: Watermark | null;
  /** Of a stream of children; null: it stands by itself. @default null */
  readonly parents?: ParentNews | null;
}

export function chooseRun(facts: PassFacts): RunChoice {
  const { asked, latest, incremental } = facts;
  const wanted = wantedPass(asked);
  if (latest === null) return { type: 'begin', pass: wanted ?? FULL_PASS };
  if (latest.status !== 'complete') return overUnfinished(wanted, latest);
  if (wanted !== null) return { type: 'begin', pass: wanted };
  // With an end of its own each run would read the same.
  if (incremental === null || incremental.endValue !== null) {
    const { hasMoved = false, hasNew = false } = facts.parents ?? {};
    // What lies beside the range no run may have read.
    const wasRange = passOf(latest.settings).type === 'range';
    return facts.runsAgain || wasRange || hasMoved || hasNew
      ? { type: 'begin', pass: FULL_PASS }
      : { type: 'nothingToDo' };
  }
  // What the children of a new parent hold may be older than the watermark of the others.
  const watermark = facts.parents?.hasNew === true ? null : facts.watermark;
  return { type: 'begin', pass: nextPass(incremental, watermark) };
}

/** Null: whatever is next. */
function wantedPass(asked: AskedPass): Pass | null {
  switch (asked.type) {
    case 'next':
      return null;
    case 'full':
      return FULL_PASS;
    case 'range':
      return { type: 'range', start: asked.since, end: asked.until };
  }
}

function overUnfinished(wanted: Pass | null, latest: Pick<Run, 'run' | 'settings'>): RunChoice {
  const pass = passOf(latest.settings);
  if (wanted === null || isDeepStrictEqual(pass, wanted)) return { type: 'goOn' };
  if (wanted.type === 'full') return { type: 'begin', pass: wanted };
  return {
    type: 'refused',
    message:
      `Run ${latest.run}, which reads ${passText(pass)}, is not complete. Start without --since and --until ` +
      'to go on with it first, or add --restart to leave it as it is.',
  };
}

function nextPass({ cursorPath, type, lag }: IncrementalPlan, watermark: Watermark | null): Pass {
  if (watermark === null || watermark.cursorPath !== cursorPath) return FULL_PASS;
  const start = valueBefore(cursorScalar(watermark.value), lag, type);
  return { type: 'incremental', start, end: null };
}
