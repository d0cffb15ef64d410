/** The children of a run: made from the rows of their parent, or found where an earlier process has left them. */
import { planChild } from '../core/child-resume.js';
import { rowsOfStream, type SeedSource, seededFrom, valuesOfFile } from '../database/child-sql.js';
import type { ChildCounts, ChildStore, OpenChild } from '../database/child-store.js';
import type { Run, StreamKey } from '../database/ledger-types.js';
import type { RunStore } from '../database/run-store.js';
import { formatCount } from '../observe/eta.js';
import { childCursor } from '../paging/child-cursor.js';
import { streamTable } from '../postgres/stream-table.js';
import type { ParentPlan } from '../source/plan.js';
import { commandText } from './command-text.js';
import { UserError } from './user-error.js';

export interface PreparedChildren extends ChildCounts {
  /** Rows of the parent that no child could be asked for, in a sentence; null: there are none. */
  readonly warning: string | null;
}

interface Known {
  readonly store: RunStore;
  readonly children: ChildStore;
  readonly parent: ParentPlan;
  readonly nowMs: number;
}

const WALKED_AGAIN = 'pages without a key that a child comes to again are fetched anew';

/**
 * The run whose rows have the children.
 *
 * @returns null: the parent is a list in the file
 * @throws UserError where it is not complete
 */
export async function parentRun(
  store: RunStore,
  { source, stream, origin }: StreamKey,
  { resource, values }: ParentPlan,
): Promise<Run | null> {
  if (values !== null) return null;
  const run = await store.findLatestRun({ source, stream: resource, origin });
  if (run?.status === 'complete') return run;
  const state = run === null ? 'has no run' : `has run ${run.run}, which is ${run.status}`;
  throw new UserError(
    `${source}.${stream} is asked for by the rows of ${source}.${resource}, which ${state}. ` +
      `Complete it first: ${commandText(source, `ingest --resource ${resource}`)}`,
    'usage',
  );
}

/** @param parentRun null: the parent is a list in the file */
export async function seedChildren(
  { store, children, parent }: Known,
  run: Run,
  parentRun: Run | null,
): Promise<PreparedChildren> {
  const from = await seedSource(store, parent, parentRun, seededFrom(run.settings).behindRun);
  const { seeded, unusable, example } =
    from === null
      ? { seeded: 0, unusable: 0, example: null }
      : await children.seed(run.run, from, parent);
  return { known: seeded, done: 0, warning: unusableRows(parent, unusable, example) };
}

/** Null: a parent without a record has no table. */
async function seedSource(
  store: RunStore,
  { values }: ParentPlan,
  parentRun: Run | null,
  behindRun: number | null,
): Promise<SeedSource | null> {
  if (parentRun === null) return valuesOfFile(values ?? []);
  return (await store.hasTable(parentRun.tableName))
    ? rowsOfStream(parentRun, { behindRun })
    : null;
}

/** What of its parents a stream of children has not seen. */
export interface ParentNews {
  /** The parent has had a run since. */
  readonly hasMoved: boolean;
  /** A parent has children that no complete run has read as a whole. */
  readonly hasNew: boolean;
}

/** @param latest run over the children, complete @throws UserError where the parent is not complete */
export async function newsOfParents(
  { store, children, parent }: Omit<Known, 'nowMs'>,
  streamKey: StreamKey,
  latest: Run,
): Promise<ParentNews> {
  const ofParent = await parentRun(store, streamKey, parent);
  const from = await seedSource(store, parent, ofParent, null);
  return {
    hasMoved: (ofParent?.run ?? null) !== seededFrom(latest.settings).parentRun,
    hasNew: from !== null && (await children.hasNewParents(latest.run, from, parent)),
  };
}

function unusableRows(
  { resource, fields }: ParentPlan,
  count: number,
  example: string | null,
): string | null {
  if (count === 0) return null;
  const names = fields.map(({ path }) => path).join(', ');
  return (
    `${formatCount(count)} rows of ${resource} lack a value for ${names} that can be asked with (one is ${example}): ` +
    'nothing was asked for of them'
  );
}

/** What earlier processes have left of them. */
export async function resumeChildren(known: Known, run: Run): Promise<PreparedChildren> {
  const { children } = known;
  await children.setStatus(run.run, true);
  if (run.tableKey.length === 0) await releaseWalkedAgain(known, run);
  return { ...(await children.count(run.run)), warning: null };
}

/** Rows without a key are not known when they come again: those that a child would come to go before. */
async function releaseWalkedAgain({ store, children, nowMs }: Known, run: Run): Promise<void> {
  for (let behind: number | null = 0; behind !== null; ) {
    const block = await children.read(run.run, behind);
    const again = block.children.flatMap((child) => planChild(begun(child), nowMs).walkedAgain);
    const ids = again.flatMap(({ id }) => id ?? []);
    const released = { run: run.run, table: streamTable(run), ids, reason: WALKED_AGAIN };
    if (ids.length > 0) await store.releasePages(released);
    behind = block.behind;
  }
}

function begun({ segment, parent, pages }: OpenChild) {
  return { segment, pages, startCursor: childCursor({ of: parent, at: null }) };
}
