/**
 * Repairs a run: proves it, lets go of the pages that differ, has an ingestion fetch again what no page
 * covers then, and proves once more.
 *
 *   proof ──holds──▶ done
 *     └─differs──▶ the source answers? ──▶ released, run open ──ingestion──▶ complete ──▶ proof
 *
 * Broken off in between it leaves a run that is not complete, with which `ingest` goes on.
 */
import type { Config } from '../../config/config.js';
import { assert, IngestionError } from '../../core/fault.js';
import type { Run } from '../../database/ledger-types.js';
import { hasDataDigests, type ReleasedPages, releasePages } from '../../database/release-pages.js';
import { requireUnlocked } from '../../database/run-lock.js';
import { openRunStore } from '../../database/run-store.js';
import { isRepairable, pagesToRelease } from '../../database/verify/repairable.js';
import type { Verification } from '../../database/verify/verify-types.js';
import { streamTable } from '../../postgres/stream-table.js';
import { commandText } from '../command-text.js';
import type { SessionContext } from '../context.js';
import type { SessionEnd } from '../end-session.js';
import { ingest } from '../ingestion.js';
import type { FoundRun } from '../ledger-reader.js';
import type { OpenedForRun } from '../open-process.js';
import { runOriginOf } from '../open-source.js';
import { checkApi } from '../setup/check-api.js';
import { UserError } from '../user-error.js';
import { verifyFound } from './verify-found.js';

const REASON = 'pages whose rows were not what they had written are fetched again';

export interface RepairSettings {
  readonly withData: boolean;
  /** The first proof does not hold, and what differs is fetched again now. */
  readonly onDifferences: (verification: Verification) => void;
  readonly onReleased: (released: ReleasedPages) => void;
  /** Ends the process at once, with the reason. */
  readonly leave: (why: string) => never;
}

export interface RepairEnd {
  /** The last proof; null: the run has committed no page. */
  readonly verification: Verification | null;
  /** Null: nothing was to be fetched again, or nothing that could be. */
  readonly repair: Repair | null;
}

export interface Repair {
  readonly released: ReleasedPages;
  /** Of the ingestion that followed. Where that did not complete the run, the last proof is the first one. */
  readonly ingestion: SessionEnd;
}

/**
 * @throws UserError where the run cannot be gone on with; IngestionError while another process has the
 *   run, where the source does not answer, with the fault of the database
 */
export async function repairFound(
  context: SessionContext,
  found: FoundRun,
  settings: RepairSettings,
): Promise<RepairEnd> {
  const { run, database } = found;
  requireSource(context, run);
  await requireNewest(database, run);
  await requireUnlocked(database.pool, run);
  const verification = await verifyFound(context, found, settings.withData);
  if (verification === null || verification.ok || !isRepairable(verification)) {
    return { verification, repair: null };
  }
  settings.onDifferences(verification);
  const repair = await fetchAgain(context, found, pagesToRelease(verification), settings);
  if (repair.ingestion.outcome.status !== 'complete') return { verification, repair };
  return { verification: await verifyFound(context, found, settings.withData), repair };
}

async function fetchAgain(
  context: SessionContext,
  { run, database }: FoundRun,
  ids: readonly number[],
  { onReleased, leave }: RepairSettings,
): Promise<Repair> {
  // Pages whose data was proved are to be proved so again.
  const hasDigests = await hasDataDigests(database.pool, run.run);
  const provesData = context.config.provesData || hasDigests;
  // The port may be that of a dashboard which shows this very run.
  const config = { ...context.config, eventsMax: null, httpPort: null, provesData };
  let released: ReleasedPages = { pages: 0, rows: 0 };
  const beforeRun = async (opened: OpenedForRun): Promise<void> => {
    await requireNewest(opened.database, run);
    await requireAnswer(opened, config);
    const { pool } = opened.database;
    released = await releasePages(pool, {
      run: run.run,
      table: streamTable(run),
      ids,
      reason: REASON,
    });
    onReleased(released);
  };
  const ingestion = await ingest({ ...context, config }, { tell: () => {}, leave, beforeRun });
  assert(ingestion.type === 'ended', 'a run that is open again is gone on with');
  return { released, ingestion };
}

/** Rows of one source must not be replaced by those of another. @throws UserError */
function requireSource({ config }: SessionContext, { run, source, stream, origin }: Run): void {
  const configured = runOriginOf(config.target);
  const isSame = source === config.source && stream === config.stream;
  if (isSame && origin === configured) return;
  throw new UserError(
    `Run ${run} is over ${origin}, and what is configured is ${configured}: it can only be repaired from its own source.`,
  );
}

/** An ingestion goes on with no other. @throws UserError */
async function requireNewest({ pool }: FoundRun['database'], run: Run): Promise<void> {
  const newest = await openRunStore(pool).findLatestRun(run);
  if (newest?.run === run.run) return;
  throw new UserError(
    `Run ${run.run} cannot be repaired: run ${newest?.run} over the same source has begun since. ` +
      `${commandText(run.source, 'ingest --restart')} asks for all pages again, and writes what is missing.`,
  );
}

/** What is deleted must be there to be fetched. @throws IngestionError with the fault */
async function requireAnswer({ source, token }: OpenedForRun, config: Config): Promise<void> {
  const checked = await checkApi(source, config, token);
  if (checked.type === 'fault') throw new IngestionError(checked.fault);
}
