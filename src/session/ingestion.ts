/**
 * An ingestion from nothing: opens database and source, takes the lock of a stream, finds the run to go on with
 * or begins one, and runs a session of it. What it has opened it closes, however it ends.
 */
import { openChildStore } from '../database/child-store.js';
import { countRows } from '../database/count-rows.js';
import { forgetSeen } from '../database/delete-missing.js';
import { listOtherWriters } from '../database/export/table-writers.js';
import type { Run } from '../database/ledger-types.js';
import type { Patience } from '../database/patience.js';
import { endFrozenHolders } from '../database/run-lock.js';
import { openRunStore, type RunStore } from '../database/run-store.js';
import type { Logger } from '../observe/logger.js';
import type { Deletion } from '../observe/report.js';
import { streamTable, tableOf } from '../postgres/stream-table.js';
import type { Disposition } from '../protocol/record-target.js';
import { passText } from '../source/pass.js';
import type { SessionContext } from './context.js';
import { type Confirm, deleteUnseen, notesSeen } from './deletion/unseen-rows.js';
import type { SessionEnd } from './end-session.js';
import { lockRun } from './lock-run.js';
import { type EnteredRun, Entering, type EnterRunAgain, GOES_ON } from './members/enter-run.js';
import { openShare } from './members/open-share.js';
import { leaveShare } from './members/share-end.js';
import type { ShareObserver } from './members/share-observer.js';
import { waitForLock } from './members/standby.js';
import { underPlanLock } from './members/under-plan-lock.js';
import { type OpenDatabase, startPatience } from './open-database.js';
import { type OpenedForRun, type OpenedProcess, runPatience, withOpened } from './open-process.js';
import { runSession } from './run-session.js';
import type { SessionParts } from './session-parts.js';

export type IngestionEnd =
  | ({
      readonly type: 'ended';
      readonly openCommand: string;
      /** Of its rows, as SQL names it. */
      readonly tableName: string;
      /** As it was when this process took it up. */
      readonly taken: Run;
    } & SessionEnd)
  /** An earlier process had finished the run, and no new one was asked for. */
  | {
      readonly type: 'finishedBefore';
      readonly openCommand: string;
      readonly disposition: Disposition;
      readonly run: number;
      /** By the ledger. */
      readonly eventsIngested: number;
      /** Counted; null: the table cannot be. */
      readonly tableRows: number | null;
      /** Of rows that it has not seen; null: nobody asked for it, or it was done before. */
      readonly deletion: Deletion | null;
    };

type FinishedBefore = Extract<IngestionEnd, { type: 'finishedBefore' }>;

export interface IngestionOptions {
  /** Told how it ended, before anything is closed: a person need not wait for that. */
  readonly tell: (end: IngestionEnd) => void;
  /** Asked before rows are deleted. @default no */
  readonly confirm?: Confirm;
  /** Ends the process at once, with the reason. */
  readonly leave: (why: string) => never;
  /** Done under the run lock, before the run to go on with is looked for. @default nothing */
  readonly beforeRun?: (opened: OpenedForRun) => Promise<void>;
  /** The run to work on, where others have begun it: no other is begun. @default whichever is due */
  readonly serves?: number;
  /** What is under way is finished, and the rest left to others. */
  readonly handBack?: AbortSignal;
  /** Who looks on at its share from elsewhere. @default the HTTP server of the process */
  readonly shareObserver?: ShareObserver | null;
}

/** Of the stream of the configuration. @throws IngestionError, UserError */
export function ingest(context: SessionContext, options: IngestionOptions): Promise<IngestionEnd> {
  return withOpened(context, [context.config.stream], 1, (opened) =>
    ingestInto(context, { ...opened, ...options }),
  );
}

interface OpenParts extends IngestionOptions, OpenedProcess {}

/** One of them. @throws IngestionError, UserError */
export async function ingestInto(
  context: SessionContext,
  opened: OpenParts,
): Promise<IngestionEnd> {
  const { database, source, onlookers } = opened;
  const { log, config } = context;
  const isShared = config.redisUrl !== null;
  const atStart = startPatience(context, onlookers.front);
  const atEntry = startPatience(context, onlookers.front, config.databasePatienceMs);
  const patience = runPatience(context, onlookers);
  const { pool } = database;
  const store = openRunStore(pool, { patience: atStart });
  const acquire = () =>
    atStart.during(() =>
      lockRun(store, source, {
        ...{ log, patience, isShared },
        onLost: () => void database.revive(),
        onBack: () => onlookers.front?.databaseIsBack(),
      }),
    );
  const { streamKey } = source;
  const endFrozen = (of: number) => atStart.during(() => endFrozenHolders(pool, streamKey, of));
  const { lock, run } = config.standby
    ? await waitForLock(acquire, { store, streamKey, log, endFrozen })
    : { lock: await acquire(), run: opened.serves ?? null };
  try {
    await opened.beforeRun?.(opened);
    const lastRuns = context.lasting?.lastRuns;
    const lastRun = lastRuns?.get(streamKey.stream) ?? null;
    let again: EnterRunAgain | null = run === null ? null : { run, ...GOES_ON };
    for (;;) {
      const entering = new Entering(config, { source, isShared, lastRun }, again);
      const waiting = again === null ? atEntry : patience;
      const plan = { context, database, source, patience: waiting };
      const found = await underPlanLock(plan, async (session) => {
        // Another one may have it by now, and then this one must not plan.
        await lock.held();
        return entering.enter(session);
      });
      const end: IngestionEnd | EnterRunAgain =
        'finished' in found
          ? {
              deletion: await deletionAfter(context, opened, found.finished),
              ...(await finishedBefore(database, store, found.finished)),
              disposition: source.spec.target.disposition,
            }
          : await workOn(context, { ...opened, source: found.source }, found, {
              ...{ atStart, patience, lock },
            });
      if ('plansAnew' in end) {
        again = end;
        continue;
      }
      lastRuns?.set(streamKey.stream, end.type === 'ended' ? end.taken.run : end.run);
      opened.tell(end);
      return end;
    }
  } finally {
    patience.end();
    await lock.release();
  }
}

interface Work extends Pick<SessionParts, 'patience' | 'lock'> {
  readonly atStart: Patience;
}

async function workOn(
  context: SessionContext,
  opened: OpenParts,
  { prepared, joined }: EnteredRun,
  { atStart, patience, lock }: Work,
): Promise<IngestionEnd | EnterRunAgain> {
  const { database, source, token, onlookers, shared, leave, confirm = refuse, handBack } = opened;
  // Whoever holds the log already, as the lock and the dashboard do, says the run from now on.
  context.log.setBindings({ run: prepared.run.run });
  const { pass } = source.spec;
  if (pass.type !== 'full') {
    context.log.info({ event: 'pass_chosen', pass }, `this run reads ${passText(pass)}`);
  }
  if (prepared.resumedFrom === null) {
    const tableName = tableOf(source.spec.target).qualified;
    const run = { ...prepared.run, tableName };
    const isReplaced = source.spec.target.disposition === 'replace';
    await atStart.during(() => forgetSeen(database.pool, run));
    await atStart.during(() => warnOfOthers(database, run, isReplaced, context.log));
  }
  const stores = {
    store: openRunStore(database.pool, { patience }),
    children: openChildStore(database.pool, patience),
  };
  const { shareObserver = onlookers.front?.shareMetrics ?? null } = opened;
  const share = await openShare({
    ...{ context, source, database, patience, prepared, joined, shareObserver },
    ...stores,
  });
  const end = await runSession({
    ...{ context, source, token, database, patience, lock, prepared, onlookers, leave, confirm },
    ...{ ...stores, shared, share, shareObserver },
    ...(handBack === undefined ? {} : { handBack }),
  }).finally(() => leaveShare({ share }));
  if ('plansAnew' in end) return end;
  const isComplete = end.outcome.status === 'complete';
  const tableName = isComplete ? tableOf(source.spec.target).qualified : prepared.run.tableName;
  const { openCommand } = database;
  return { type: 'ended', openCommand, tableName, taken: prepared.run, ...end };
}

/** Rows that a run which is complete has not seen, and that were not deleted then. */
async function deletionAfter(
  context: SessionContext,
  { database, source, confirm = refuse }: OpenParts,
  finished: Run,
): Promise<Deletion | null> {
  if (!context.config.deleteMissing || !notesSeen(finished)) return null;
  const { target } = source.spec;
  return deleteUnseen(context, database, { run: finished.run, target, confirm });
}

const refuse: Confirm = async () => false;

/** What is there is counted: rows that were deleted since are no longer the ledger's to promise. */
async function finishedBefore(
  { pool, openCommand }: OpenDatabase,
  store: RunStore,
  finished: Run,
): Promise<Omit<FinishedBefore, 'disposition' | 'deletion'>> {
  const { run } = finished;
  const { rows: eventsIngested } = await store.loadTotals(run);
  const tableRows = await countRows(pool, streamTable(finished));
  return { type: 'finishedBefore', openCommand, run, eventsIngested, tableRows };
}

/** Whoever mixes two sources should know before the hour it takes. */
async function warnOfOthers(
  { pool }: OpenDatabase,
  run: Run,
  isReplaced: boolean,
  log: Logger,
): Promise<void> {
  const origins = (await listOtherWriters(pool, run)).map(({ origin }) => origin);
  if (origins.length === 0) return;
  log.warn(
    { event: 'table_shared', origins },
    `the table holds rows of ${origins.join(', ')} too: ${
      isReplaced
        ? 'this run will replace them; another target in x-ingestion keeps them apart'
        : 'export-ids will export all, and submit will refuse; a database of its own keeps them apart'
    }`,
  );
}
