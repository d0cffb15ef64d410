/** Finds the run to go on with, or begins one: what is done, what is still to be walked. */
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/config.js';
import {
  pagesWalkedAgain,
  planResume,
  type ResumeOptions,
  type ResumePlan,
} from '../core/resume.js';
import type { SegmentSeed } from '../core/segment.js';
import type { ChildStore } from '../database/child-store.js';
import type { LedgerPage, Run, RunTotals } from '../database/ledger-types.js';
import type { RunStore } from '../database/run-store.js';
import type { SegmentStore } from '../database/segment-store.js';
import type { Watermark } from '../database/watermarks.js';
import { type StreamTable, streamTable, tableOf } from '../postgres/stream-table.js';
import type { WriterTarget } from '../protocol/record-target.js';
import { passOf } from '../source/pass.js';
import type { Source } from '../source/source.js';
import { beginRun, requireTable } from './begin-run.js';
import { chooseRun } from './choose-pass.js';
import {
  judgesAgain,
  requireNoted,
  requireSeen,
  requireWhole,
} from './deletion/require-deletable.js';
import { nextWatermark } from './next-watermark.js';
import { type OpenSource, readingPass } from './open-source.js';
import { prepareChildRun } from './prepare-child-run.js';
import { newsOfParents, type ParentNews, type PreparedChildren } from './prepare-children.js';
import { replacementOf } from './replacement.js';
import { requireRange } from './require-range.js';
import { UserError } from './user-error.js';

export interface PreparedRun {
  readonly run: Run;
  readonly totals: RunTotals;
  /** Committed pages of earlier processes; null when the run begins now. */
  readonly resumedFrom: number | null;
  /** What is still to be walked, where this process has planned it. */
  readonly segments: readonly SegmentSeed[];
  readonly plan: ResumePlan;
  /** Committed by earlier processes. */
  readonly pages: readonly LedgerPage[];
  /** Of the earliest row that is known to end a page of earlier processes; Infinity: none is. */
  readonly earliestMs: number;
  /** Of a stream that has a parent: its segments are read as they are needed. Null: it stands by itself. */
  readonly children: PreparedChildren | null;
  /** The run before it, over the same stream; null: there is none, or it goes on with one. */
  readonly earlierRun: number | null;
}

export interface RunStores {
  readonly store: RunStore;
  readonly children: ChildStore;
  readonly segments: SegmentStore;
}

/** A run, and its source as it reads that. */
export interface ReadyRun {
  readonly prepared: PreparedRun;
  readonly source: OpenSource;
}

const WALKED_AGAIN = 'pages without a key that the walk comes to again are fetched anew';

/**
 * @returns the finished run instead, when there is one and nothing more is to be read
 * @throws UserError when the source names another table or key than the run to go on with, or cannot read the
 *   range that was asked for
 *   IngestionError, DATABASE_REFUSED when the table that the run has written is gone
 */
export async function prepareRun(
  config: Config,
  { store, children, segments }: RunStores,
  opened: OpenSource,
  nowMs: number,
): Promise<{ readonly finished: Run } | ReadyRun> {
  const { streamKey } = opened;
  requireRange(opened, config.asked);
  const latest = await store.findLatestRun(streamKey);
  const isLeft =
    latest === null ||
    config.restart ||
    latest.replacedBy !== null ||
    (await namesOtherTable(store, latest, opened.spec));
  const before = isLeft ? null : latest;
  if (before !== null && judgesAgain(config, before)) return { finished: before };
  const choice = chooseRun({
    ...{ asked: config.asked, runsAgain: config.runsAgain, latest: before },
    incremental: opened.spec.incremental,
    parents: await newsBefore({ store, children }, opened, before),
    watermark: before === null ? null : await watermarkBefore(store, opened, before),
  });
  if (choice.type === 'refused') throw new UserError(choice.message, 'usage');
  if (before !== null && choice.type === 'nothingToDo') return { finished: before };
  const isBegun = choice.type === 'begin';
  if (isBegun) requireWhole(config);
  else if (before !== null) {
    requireNoted(config, before);
    requireCursor(before, opened.spec);
  }
  if (isBegun && choice.pass.type === 'incremental' && before !== null) {
    await requireTable(store, before);
  }
  const source = readingPass(opened, isBegun ? choice.pass : passOf(before?.settings ?? {}));
  const earlierRun = isBegun ? (latest?.run ?? null) : null;
  const { parent } = source.spec;
  if (parent !== null) {
    const found = isBegun ? null : before;
    const complete = isBegun && config.asked.type === 'next' ? before : null;
    const known = {
      ...{ store, children, segments, source, parent },
      found,
      complete,
      earlierRun,
      nowMs,
    };
    return { prepared: await prepareChildRun(config, known), source };
  }
  const run = isBegun || before === null ? await beginRun(config, store, source) : before;
  // From now on nobody else writes pages of it, so that those which are there are all.
  if (!isBegun) await segments.plan(run.run, []);
  const hasLeftOrder = !isBegun && (await segments.hasLeftOrder(run.run));
  const { paging, within } = source.spec;
  const how = { paging, within, nowMs, hasLeftOrder };
  const pages = isBegun ? [] : await pagesToGoOnFrom(store, run, source.spec.target, how);
  if (!isBegun) await store.setRunStatus(run.run, 'running');
  const plan = planResume(pages, how);
  const firstSegment = await segments.plan(run.run, plan.gaps);
  return {
    prepared: {
      run,
      totals: await store.loadTotals(run.run),
      resumedFrom: isBegun ? null : pages.length,
      segments: plan.gaps.map((gap, index) => ({ ...gap, segment: firstSegment + index })),
      plan,
      pages,
      earliestMs: earliestMs(pages),
      children: null,
      earlierRun,
    },
    source,
  };
}

/** Null: the stream stands by itself, or goes on with a run. */
async function newsBefore(
  stores: { readonly store: RunStore; readonly children: ChildStore },
  { spec: { parent }, streamKey }: OpenSource,
  latest: Run | null,
): Promise<ParentNews | null> {
  if (parent === null || latest?.status !== 'complete') return null;
  return newsOfParents({ ...stores, parent }, streamKey, latest);
}

/** One from before watermarks were kept shows by its pages how far it has read. */
async function watermarkBefore(
  store: RunStore,
  { spec, streamKey }: OpenSource,
  latest: Run,
): Promise<Watermark | null> {
  const { incremental } = spec;
  if (incremental === null) return null;
  const known = await store.findWatermark(streamKey);
  const isOld =
    known === null &&
    latest.status === 'complete' &&
    cursorOf(latest, spec) === incremental.cursorPath;
  if (!isOld || passOf(latest.settings).type !== 'full') return known;
  const change = nextWatermark(spec, await store.highestOfRun(latest.run), null);
  return change?.value == null ? null : { ...change, value: change.value };
}

/**
 * Pages of one run lie in one table under one key, or its proof would not hold.
 *
 * @returns whether the source now names another one; a run that has committed no page can be left
 */
async function namesOtherTable(
  store: RunStore,
  { run, tableName, tableKey, status, settings }: Run,
  { target }: Source,
): Promise<boolean> {
  const table: StreamTable = tableOf(target);
  const names = [table.qualified, replacementOf(target)?.loading];
  requireDisposition({ run, status, settings }, target);
  if (names.includes(tableName) && isDeepStrictEqual(tableKey, table.key)) return false;
  const { pages } = await store.loadTotals(run);
  if (pages === 0) return true;
  throw new UserError(
    `Run ${run} wrote into ${formText(tableName, tableKey)}, and its source now names ` +
      `${formText(table.qualified, table.key)}. --restart begins a new run; the rows of run ${run} stay where they are.`,
    'usage',
  );
}

/** Half of its rows would lie beside the others, and half in their place. @throws UserError */
function requireDisposition(
  { run, status, settings }: Pick<Run, 'run' | 'status' | 'settings'>,
  { disposition }: WriterTarget,
): void {
  const begunAs = settings.disposition ?? disposition;
  const isOther = begunAs !== disposition && [begunAs, disposition].includes('replace');
  if (status === 'complete' || !isOther) return;
  throw new UserError(
    `Run ${run} has begun with write_disposition: ${begunAs}, and its source now says ${disposition}. --restart begins a new run.`,
    'usage',
  );
}

/** Its pages show no watermark of another field, and its start is no value of that. @throws UserError */
function requireCursor(run: Run, spec: Source): void {
  const [begunBy, now] = [cursorOf(run, spec), spec.incremental?.cursorPath];
  if (now === undefined || begunBy === now) return;
  throw new UserError(
    `Run ${run.run} has begun with cursor_path: ${begunBy}, and its source now says ${now}. --restart begins a new run.`,
    'usage',
  );
}

/** One from before it was noted had that of now. */
function cursorOf({ settings }: Run, { incremental }: Source): unknown {
  return settings.cursorPath ?? incremental?.cursorPath;
}

function formText(name: string, key: readonly string[]): string {
  return `the table ${name} ${key.length === 0 ? 'without a key' : `with the key ${key.join(', ')}`}`;
}

/**
 * Committed pages of earlier processes. Rows without a key are not known when they come again: those that
 * the walk would come to go before.
 */
async function pagesToGoOnFrom(
  store: RunStore,
  run: Run,
  target: WriterTarget,
  how: ResumeOptions,
): Promise<LedgerPage[]> {
  const pages = await store.loadPages(run.run);
  const table = streamTable(run);
  if (pages.some(({ inserted, updated }) => inserted + updated > 0)) await requireTable(store, run);
  if (pages.length > 0) await requireSeen(store, run, target);
  if (table.key.length > 0) return pages;
  const again = pagesWalkedAgain(pages, how);
  const ids = again.flatMap(({ id }) => id ?? []);
  if (ids.length === 0) return pages;
  await store.releasePages({ run: run.run, table, ids, reason: WALKED_AGAIN });
  return store.loadPages(run.run);
}

/** See `PreparedRun`. */
export function earliestMs(pages: readonly LedgerPage[]): number {
  // A page whose last row lies before its start shows a source of another order.
  const behindStart = pages.flatMap(({ after, last }) =>
    after !== null && last !== null && last.ms <= after.ms ? last.ms : [],
  );
  return behindStart.reduce((least, ms) => Math.min(least, ms), Number.POSITIVE_INFINITY);
}
