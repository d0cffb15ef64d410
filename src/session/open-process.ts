/** Opens what all streams of a process share: database, source, access token, and who looks on. */
import type { Config } from '../config/config.js';
import { Patience } from '../database/patience.js';
import { formatCount } from '../observe/eta.js';
import type { Logger } from '../observe/logger.js';
import { credentialsText } from '../source/file/references.js';
import type { AccessToken } from './access-token.js';
import type { SessionContext } from './context.js';
import { type Onlookers, withOnlookers } from './onlookers/open-onlookers.js';
import { type OpenDatabase, openDatabase, sayAwaited } from './open-database.js';
import { type OpenSource, openSource } from './open-source.js';
import { openToken } from './open-token.js';
import { ProcessShare } from './process-share.js';

export interface OpenedForRun {
  readonly database: OpenDatabase;
  readonly source: OpenSource;
  /** Its access token; null: it has none. */
  readonly token: AccessToken | null;
}

/** What the streams of a process are given, open already. */
export interface OpenedProcess extends OpenedForRun {
  readonly onlookers: Onlookers;
  readonly shared: ProcessShare;
}

/**
 * Opens all that the streams of a process share, does the work, and closes it.
 *
 * @param streams all that there will be
 * @param atOnce under way at once, at most
 * @throws IngestionError, UserError, what `work` throws
 */
export function withOpened<T>(
  context: SessionContext,
  streams: readonly string[],
  atOnce: number,
  work: (opened: OpenedProcess) => Promise<T>,
): Promise<T> {
  return withOnlookers(context, async (onlookers) => {
    announce(context.config, context.log);
    const [database, source] = await openBoth(context, atOnce);
    const patience = runPatience(context, onlookers);
    try {
      onlookers.front?.connect(database.connectionString);
      const token = openToken(context, source, database.pool);
      const shared = new ProcessShare({
        ...{ context, source, database, patience, streams, atOnce },
      });
      return await work({ database, source, token, onlookers, shared });
    } finally {
      patience.end();
      source.close();
      await database.close();
    }
  });
}

/** Waits for a database that goes away in mid-run. */
export function runPatience({ config, log }: SessionContext, { front }: Onlookers): Patience {
  return new Patience({
    forMs: config.databasePatienceMs,
    onWait: (fault, waitMs) => {
      sayAwaited(log, fault);
      front?.databaseAwaited(fault, waitMs);
    },
  });
}

function announce({ target, database }: Config, log: Logger): void {
  const from =
    target.kind !== 'simulator'
      ? `${target.origin}${target.basePath}`
      : `the bundled simulator (${formatCount(target.events)} events, profile ${target.profile}; set ${credentialsText(target.plan.credentials)} for the real API)`;
  const into =
    database.kind === 'embedded' ? 'embedded PostgreSQL' : 'the database of DATABASE_URL';
  log.info({ event: 'ingestion_started' }, `from ${from} into ${into}`);
}

/** Both at once: each takes its time. */
async function openBoth(
  context: SessionContext,
  locks: number,
): Promise<[OpenDatabase, OpenSource]> {
  const opening = openSource(context.config);
  const [database] = await Promise.allSettled([openDatabase(context, locks), opening]);
  if (database.status === 'rejected') {
    await opening.then(
      (source) => source.close(),
      () => {},
    );
    throw database.reason;
  }
  try {
    return [database.value, await opening];
  } catch (error) {
    await database.value.close();
    throw error;
  }
}
