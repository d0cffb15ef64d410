/** `datasync ingest`: the main job, from configuration to exit code. */
import { Command, Option } from 'commander';
import { type Config, LOG_LEVELS, WRITE_METHODS } from '../config/config.js';
import { slipText } from '../config/slips.js';
import type { RunOutcome } from '../core/scheduler-types.js';
import { listOtherWriters } from '../database/export/table-writers.js';
import { type KeptRunLock, keepRunLock } from '../database/kept-run-lock.js';
import type { Run } from '../database/ledger-types.js';
import { Patience } from '../database/patience.js';
import { openRunStore, type RunStore } from '../database/run-store.js';
import { formatCount } from '../observe/eta.js';
import type { Logger } from '../observe/logger.js';
import { type IngestResult, type ReportPlaces, reportText } from '../observe/report.js';
import { nowMs } from '../runtime/clock.js';
import { openAlerts } from '../session/onlookers/open-alerts.js';
import { openFront } from '../session/onlookers/open-front.js';
import { openTraces, type Traces } from '../session/onlookers/open-traces.js';
import {
  type OpenDatabase,
  openDatabase,
  sayAwaited,
  startPatience,
} from '../session/open-database.js';
import { type OpenTarget, openTarget, runOriginOf } from '../session/open-source.js';
import { prepareRun } from '../session/prepare-run.js';
import { runSession, type SessionParts } from '../session/run-session.js';
import { sourceNamed } from '../source/registry.js';
import { type CommandContext, commandContext } from './context.js';
import { EXIT, exitCodeForOutcome } from './exit-codes.js';
import { sayFinished } from './say-finished.js';
import { wholeNumber } from './whole-number.js';

export function ingestCommand(): Command {
  return new Command('ingest')
    .description('drain the API into PostgreSQL; goes on where an earlier run stopped')
    .option('--concurrency <n>', 'requests in flight at most (WORKER_CONCURRENCY)', wholeNumber)
    .option('--limit <n>', 'events a page (BATCH_SIZE); default: the largest granted', wholeNumber)
    .addOption(
      new Option('--write-method <m>', 'how rows are written (WRITE_METHOD)').choices(
        WRITE_METHODS,
      ),
    )
    .option('--max-events <n>', 'stop after about this many events, to be resumed', wholeNumber)
    .option('--quarantine-limit <share>', 'end a run that quarantines more (QUARANTINE_LIMIT)')
    .option('--simulate', 'use the bundled simulator, also into a DATABASE_URL')
    .option('--restart', 'begin a new run over the same tables; deletes nothing')
    .option('--dry-run', 'say what would be done, ask and write nothing')
    .addOption(
      new Option('--log-level <level>', 'what is worth a line (LOG_LEVEL)').choices(LOG_LEVELS),
    )
    .option('--json', 'print the result as one JSON line; logs go to standard error')
    .addHelpText('after', '\nExample:\n  datasync ingest --max-events 100000 --json')
    .action(async (flags: Record<string, unknown>) => {
      const context = await commandContext(flags);
      process.exitCode = await ingest(context);
    });
}

/** @returns the exit code */
async function ingest(context: CommandContext): Promise<number> {
  const { log, slips } = context;
  if (slips.length > 0) {
    log.warn({ event: 'settings_misspelt' }, slips.map(slipText).join('; '));
  }
  if (context.config.dryRun) return dryRun(context);
  // First of all: a port that is taken must cost no request and start no database.
  const front = await openFront(context);
  const alerts = await openAlerts(context);
  let traces: Traces | null = null;
  try {
    traces = await openTraces(context);
    return await ingestShown(context, { front, alerts, traces });
  } catch (error) {
    alerts?.failed(error);
    throw error;
  } finally {
    const alertsSent = alerts?.finish();
    await front?.close();
    // Before the last words, which `main` says.
    context.settleLog();
    await traces?.close(alertsSent);
  }
}

/** Who is told how it goes; null: nobody. */
type Onlookers = Pick<SessionParts, 'front' | 'alerts' | 'traces'>;

/** @returns the exit code */
async function ingestShown(context: CommandContext, onlookers: Onlookers): Promise<number> {
  const { front } = onlookers;
  const { config, log } = context;
  announce(config, log);
  const startedAtMs = performance.timeOrigin;
  const [database, target] = await openBoth(context);
  try {
    front?.connect(database.connectionString);
    const source = sourceNamed(config.source);
    const patience = {
      start: startPatience(context, front),
      run: new Patience({
        forMs: config.databasePatienceMs,
        onWait: (fault, waitMs) => {
          sayAwaited(log, fault);
          front?.databaseAwaited(fault, waitMs);
        },
      }),
    };
    const start = openRunStore(database.pool, { patience: patience.start });
    const lock = await patience.start.during(() =>
      lockRun(start, { name: source.name, origin: target.runOrigin }, patience.run, {
        ...{ log, front, revive: database.revive },
      }),
    );
    try {
      const found = await prepareRun(config, start, {
        source,
        runOrigin: target.runOrigin,
        nowMs: nowMs(),
      });
      if ('finished' in found) {
        await sayFinished(context, database, found.finished.run);
        return EXIT.complete;
      }
      // Whoever holds the log already, as the lock and the dashboard do, says the run from now on.
      log.setBindings({ run: found.prepared.run.run });
      if (found.prepared.resumedFrom === null) {
        const { run } = found.prepared;
        await patience.start.during(() => warnOfOthers(database, run, log));
      }
      const session = {
        context,
        source,
        target,
        database,
        store: openRunStore(database.pool, { patience: patience.run }),
        patience: patience.run,
        lock,
        prepared: found.prepared,
        processStartedAtMs: startedAtMs,
        ...onlookers,
      };
      const { result, outcome, page } = await runSession(session);
      conclude(context, result, outcome, { open: database.openCommand, page });
      return exitCodeForOutcome(outcome);
    } finally {
      patience.run.end();
      await lock.release();
    }
  } finally {
    target.close();
    await database.close();
  }
}

/** No row says whose it is, and whoever mixes two sources should know before the hour it takes. */
async function warnOfOthers({ pool }: OpenDatabase, run: Run, log: Logger): Promise<void> {
  const origins = (await listOtherWriters(pool, run)).map(({ origin }) => origin);
  if (origins.length === 0) return;
  log.warn(
    { event: 'table_shared', origins },
    `the table holds rows of ${origins.join(', ')} too, and a row does not say whose it is: ` +
      'export-ids will export all, and submit will refuse; a database of its own keeps them apart',
  );
}

function lockRun(
  store: RunStore,
  { name, origin }: { readonly name: string; readonly origin: string },
  patience: Patience,
  {
    log,
    front,
    revive,
  }: {
    readonly log: Logger;
    readonly front: SessionParts['front'];
    readonly revive: () => Promise<void>;
  },
): Promise<KeptRunLock> {
  return keepRunLock({
    acquire: (settings) => store.acquireRunLock(name, origin, settings),
    patience,
    onLost: (fault) => {
      log.warn(
        { event: 'lock_lost', fault },
        `the run lock is lost and taken again: ${fault.message}`,
      );
      // Its session ends with the server, of which nobody else would tell so soon.
      void revive();
    },
    onBack: () => {
      log.info({ event: 'lock_regained' }, 'the run lock is held again');
      front?.databaseIsBack();
    },
  });
}

async function openBoth(context: CommandContext): Promise<[OpenDatabase, OpenTarget]> {
  const [database, target] = await Promise.allSettled([
    openDatabase(context),
    openTarget(context.config),
  ]);
  if (database.status === 'fulfilled' && target.status === 'fulfilled') {
    return [database.value, target.value];
  }
  if (target.status === 'fulfilled') target.value.close();
  if (database.status === 'rejected') throw database.reason;
  await database.value.close();
  throw target.status === 'rejected' ? target.reason : new Error('unreachable');
}

function announce(config: Config, log: Logger): void {
  const { target, database } = config;
  const from =
    target.kind === 'api'
      ? `${target.origin}${target.basePath}`
      : `the bundled simulator (${formatCount(target.events)} events, profile ${target.profile}; set TARGET_API_KEY for the real API)`;
  const into =
    database.kind === 'embedded' ? 'embedded PostgreSQL' : 'the database of DATABASE_URL';
  log.info({ event: 'ingestion_started' }, `from ${from} into ${into}`);
}

function conclude(
  context: CommandContext,
  result: IngestResult,
  outcome: RunOutcome,
  places: ReportPlaces,
): void {
  context.say(reportText(result, places));
  if (outcome.status === 'complete') context.sayComplete();
  else context.say(remedyText(result, outcome));
  context.json({
    ...result,
    exitCode: exitCodeForOutcome(outcome),
    message: result.reason ?? `run ${result.run} is ${result.status}`,
    fault: outcome.status === 'failed' ? outcome.fault.code : null,
  });
}

function remedyText({ pages }: IngestResult, { status }: RunOutcome): string {
  const goOn = pages === 0 ? '' : ' to go on from the last committed page';
  return status === 'failed' ? `Put that right, then start again${goOn}.` : `Start again${goOn}.`;
}

async function dryRun(context: CommandContext): Promise<number> {
  const { config } = context;
  const { database } = config;
  const plan = {
    source: config.source,
    origin: runOriginOf(config.target),
    database:
      database.kind === 'embedded'
        ? `embedded in ${database.dataFolder}, named ${database.name}`
        : 'DATABASE_URL',
    concurrency: config.concurrency,
    pageLimit: config.pageLimit ?? sourceNamed(config.source).pageLimitMax,
    writeMethod: config.writeMethod,
    restart: config.restart,
  };
  context.say('Dry run: nothing is asked and nothing written.');
  for (const [name, value] of Object.entries(plan)) context.say(`  ${name.padEnd(12)} ${value}`);
  context.json({ status: 'dry-run', ...plan });
  return EXIT.complete;
}
