/** Finds the children of a run that goes on, or begins one over those that its parent has now. */
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/config.js';
import { seededFrom, seedForm } from '../database/child-sql.js';
import type { ChildStore } from '../database/child-store.js';
import type { Run } from '../database/ledger-types.js';
import type { RunStore } from '../database/run-store.js';
import type { SegmentStore } from '../database/segment-store.js';
import type { ParentPlan } from '../source/plan.js';
import { beginRun, requireTable } from './begin-run.js';
import type { OpenSource } from './open-source.js';
import { parentRun, resumeChildren, seedChildren } from './prepare-children.js';
import type { PreparedRun } from './prepare-run.js';
import { UserError } from './user-error.js';

interface ChildRun {
  readonly store: RunStore;
  readonly children: ChildStore;
  readonly segments: SegmentStore;
  /** As the run reads it. */
  readonly source: OpenSource;
  readonly parent: ParentPlan;
  readonly nowMs: number;
  /** To go on with; null: a run begins. */
  readonly found: Run | null;
  /** That was complete when this one begins; null: there is none, or all is to be read. */
  readonly complete: Run | null;
  readonly earlierRun: number | null;
}

/**
 * Of its pages none is looked at here: there may be as many as the parent has rows.
 *
 * @throws UserError where the parent is not complete, or another one has made the children
 */
export async function prepareChildRun(config: Config, known: ChildRun): Promise<PreparedRun> {
  const { store, segments, source, parent, found, earlierRun } = known;
  if (found !== null) {
    requireParent(found, parent);
    await segments.plan(found.run, []);
  }
  // A process may have ended before it had made the children.
  const counts = found === null ? null : await resumeChildren(known, found);
  const isSeeded = counts !== null && counts.known > 0;
  const ofParent = isSeeded ? null : await parentRun(store, source.streamKey, parent);
  const behindRun = behindRunOf(known);
  const run =
    found ??
    (await beginRun(config, store, source, { parentRun: ofParent?.run ?? null, behindRun }));
  const children = isSeeded ? counts : await seedChildren(known, run, ofParent);
  if (found !== null) await store.setRunStatus(run.run, 'running');
  const totals = await store.loadTotals(run.run);
  if (totals.inserted + totals.updated > 0) await requireTable(store, run);
  return {
    ...{ run, totals, children, earlierRun, segments: [], pages: [] },
    resumedFrom: found === null ? null : totals.pages,
    plan: { gaps: [], restarts: false, isOrdered: false, canSeek: false, returned: 0 },
    earliestMs: Number.POSITIVE_INFINITY,
  };
}

/** Where only children of changed parents are asked for: the run of the parent that the complete run has seen. */
function behindRunOf({ parent, complete }: ChildRun): number | null {
  return parent.later === 'all' || complete === null
    ? null
    : seededFrom(complete.settings).parentRun;
}

/** Its children would have been made of other values. @throws UserError */
function requireParent({ run, settings }: Run, parent: ParentPlan): void {
  if (isDeepStrictEqual(settings.parent, seedForm(parent))) return;
  throw new UserError(
    `Run ${run} has begun with other values of a parent than its source now names (${parent.resource}). --restart begins a new run.`,
    'usage',
  );
}
