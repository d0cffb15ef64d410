/**
 * Works off the quarantine of a stream: its records are tried once more, as the source file and the table are
 * now. One transaction a page, in the order in which the pages came, under the run lock.
 *
 *   runs with records ──table of now, rows still there?──▶ pages ──writer──▶ stored, or refused again
 *                                └─no──▶ passed over, with the reason
 */
import { isDeepStrictEqual } from 'node:util';
import { assert, type Fault, IngestionError } from '../../core/fault.js';
import type { Run, StreamKey } from '../../database/ledger-types.js';
import { Quarantine, type QuarantinedPage } from '../../database/quarantine.js';
import { openRunStore, type RunStore } from '../../database/run-store.js';
import { loadingTarget, tableName, tableOf } from '../../postgres/stream-table.js';
import { addRetries, NO_RETRIES, type RetryCounts } from '../../protocol/quarantined-record.js';
import type { WriterTarget } from '../../protocol/record-target.js';
import type { WriterSettings } from '../../protocol/writer-messages.js';
import { nowMs } from '../../runtime/clock.js';
import { WriterHandle } from '../../runtime/writer-handle.js';
import { WriterThread } from '../../runtime/writer-thread.js';
import { sourceOf } from '../../source/registry.js';
import type { SessionContext } from '../context.js';
import { seenTableOf } from '../deletion/unseen-rows.js';
import { lockForRetry } from '../lock-run.js';
import { type OpenDatabase, sayAwaited } from '../open-database.js';
import { streamKeyOf } from '../open-source.js';

export interface RetryWish {
  /** Null: of all runs over the stream. */
  readonly run: number | null;
  /** Part of the reason; null: whatever it is. */
  readonly reason: string | null;
  /** Nothing is tried: only counted. */
  readonly isDryRun: boolean;
}

export interface RunRetry extends RetryCounts {
  readonly run: Pick<Run, 'run' | 'status'>;
  /** That were in quarantine, of those that were meant. */
  readonly records: number;
  /** Why none of them was tried; null: they were, unless this is a dry run. */
  readonly passedOver: string | null;
}

/**
 * @param context whose `config.stream` is meant
 * @returns of each run that had records, by number
 * @throws IngestionError where another process has the lock, and with the fault of the database: pages
 *   before that are worked off
 */
export async function retryQuarantine(
  context: SessionContext,
  database: OpenDatabase,
  wish: RetryWish,
): Promise<RunRetry[]> {
  const store = openRunStore(database.pool);
  const key = streamKeyOf(context.config);
  if (wish.isDryRun) return retryRuns(context, { database, store, key, wish, checkLock() {} });
  let lost: Fault | null = null;
  const lock = await lockForRetry(store, key, (fault) => {
    lost = fault;
  });
  const checkLock = (): void => {
    if (lost !== null) throw new IngestionError(lost);
  };
  try {
    return await retryRuns(context, { database, store, key, wish, checkLock });
  } finally {
    await lock.release();
  }
}

interface RetryParts {
  readonly database: OpenDatabase;
  readonly store: RunStore;
  readonly key: StreamKey;
  readonly wish: RetryWish;
  /** @throws IngestionError once the run lock is lost */
  readonly checkLock: () => void;
}

async function retryRuns(context: SessionContext, parts: RetryParts): Promise<RunRetry[]> {
  const { database, store, key, wish } = parts;
  const { source, stream, origin } = key;
  const filter = { source, streams: [stream], run: wish.run, reason: wish.reason };
  const pages = await new Quarantine(database.pool).pages(filter, origin);
  const results: RunRetry[] = [];
  for (const number of new Set(pages.map(({ run }) => run))) {
    const ofRun = pages.filter((page) => page.run === number);
    const run = await store.findRun(number);
    assert(run !== null, 'a page in quarantine has a run');
    const records = ofRun.reduce((sum, page) => sum + page.records, 0);
    const target = targetFor(run, targetOf(context));
    const passedOver = await obstacleOf(store, run, target);
    const isTried = target !== null && passedOver === null && !wish.isDryRun;
    const counts = isTried ? await retryPages(context, parts, target, ofRun) : NO_RETRIES;
    results.push({ run, records, passedOver, ...counts });
  }
  return results;
}

function targetOf({ config }: SessionContext): WriterTarget {
  const { plan, secrets } = config.target;
  return sourceOf({ plan, stream: config.stream, nowMs: nowMs(), secrets }).target;
}

/** @returns null: the rows of the run are in another table than the source names now, or under another key */
function targetFor(
  { tableName: written, tableKey }: Run,
  target: WriterTarget,
): WriterTarget | null {
  if (!isDeepStrictEqual(tableKey, tableOf(target).key)) return null;
  return [target, loadingTarget(target)].find((one) => one && tableName(one) === written) ?? null;
}

/** Why its records cannot be tried, as a sentence; null: they can. */
async function obstacleOf(
  store: RunStore,
  run: Run,
  target: WriterTarget | null,
): Promise<string | null> {
  const { replacedBy, tableName: written } = run;
  if (replacedBy !== null) {
    return `Run ${run.run} has no rows any more: run ${replacedBy} has replaced them.`;
  }
  if (target === null) {
    return `Run ${run.run} wrote into ${written} by the key ${run.tableKey.join(', ') || '(none)'}, and its source now names another table or key.`;
  }
  if (await store.hasTable(written)) return null;
  return `The table ${written}, into which run ${run.run} has written, is not there any more.`;
}

async function retryPages(
  context: SessionContext,
  { database, store, key, wish, checkLock }: RetryParts,
  target: WriterTarget,
  pages: readonly QuarantinedPage[],
): Promise<RetryCounts> {
  const quarantine = new Quarantine(database.pool);
  const seen = await seenByLatest(store, key);
  const thread = new WriterThread(database.variables);
  try {
    const writer = await openWriter(context, thread, database, { target, seen });
    let counts = NO_RETRIES;
    for (const page of pages) {
      checkLock();
      const records = await quarantine.records(page, wish.reason);
      if (records.length === 0) continue;
      const result = await writer.retry({ ...page, records });
      if (result.type === 'failed') throw new IngestionError(result.fault);
      counts = addRetries(counts, result);
    }
    await writer.close();
    return counts;
  } finally {
    await thread.close();
  }
}

/** A row that is stored now must not pass for one that the run which will judge them has not seen. */
async function seenByLatest(store: RunStore, key: StreamKey): Promise<string | null> {
  const latest = await store.findLatestRun(key);
  const seen = latest === null ? null : seenTableOf(latest);
  return seen !== null && (await store.hasTable(seen)) ? seen : null;
}

/** @throws IngestionError when the database or the table cannot be used */
async function openWriter(
  { config, log }: SessionContext,
  thread: WriterThread,
  { connectionString }: OpenDatabase,
  { target, seen }: Required<Pick<WriterSettings, 'target' | 'seen'>>,
): Promise<WriterHandle> {
  const writer = new WriterHandle({
    ...{ thread, number: 1 },
    onWaiting: (fault) => sayAwaited(log, fault),
  });
  const fault = await writer.open({
    ...{ connectionString, connectionsMax: 1, target, replaced: null, seen, method: 'insert' },
    // Rows are looked at before and after: nothing is taken for granted.
    ...{ expectsDuplicates: true, hasTriggers: true, provesData: true, retries: true },
    statementTimeoutMs: config.statementTimeoutMs,
    retryForMs: config.databasePatienceMs,
  });
  if (fault !== null) throw new IngestionError(fault);
  return writer;
}
