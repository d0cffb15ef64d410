/** `datasync ingest`: the main job, from flags to exit code. */
import { Command, Option } from 'commander';
import { LOG_LEVELS, WRITE_METHODS } from '../config/config.js';
import { slipText } from '../config/slips.js';
import { assert, IngestionError } from '../core/fault.js';
import type { RunOutcome } from '../core/scheduler-types.js';
import { formatCount } from '../observe/eta.js';
import { type Deletion, deletionFields, type IngestResult, reportText } from '../observe/report.js';
import { statusAfter } from '../observe/run-end.js';
import { commandText } from '../session/command-text.js';
import { requireMerge } from '../session/deletion/require-deletable.js';
import type { Confirm } from '../session/deletion/unseen-rows.js';
import { ingestStreams, type StreamEnd } from '../session/ingest-streams.js';
import { type IngestionEnd, ingest } from '../session/ingestion.js';
import { ancestorsOf } from '../source/stream-order.js';
import { askOnTerminal, requireConfirmable, requireWholeOnSchedule } from './confirm.js';
import { type CommandContext, commandContext } from './context.js';
import { dryRun } from './dry-run.js';
import { type StreamResult, sayStream, streamContexts } from './each-stream.js';
import { EXIT, exitCodeForFault, exitCodeForOutcome } from './exit-codes.js';
import type { IngestEnd } from './ingest-on-schedule.js';
import { leave } from './leave.js';
import { requireRedis } from './require-redis.js';
import { withSourceOptions } from './source-options.js';
import {
  failuresText,
  isForAPerson,
  type NamedResult,
  resultOfStreams,
  type ToldResult,
} from './streams-result.js';
import { wholeNumber } from './whole-number.js';

export function ingestCommand(): Command {
  return withSourceOptions(new Command('ingest'))
    .description('drain the API into PostgreSQL; goes on where an earlier run stopped')
    .option('--concurrency <n>', 'requests in flight at most (WORKER_CONCURRENCY)', wholeNumber)
    .option('--limit <n>', 'records a page (BATCH_SIZE); default: the largest granted', wholeNumber)
    .addOption(
      new Option('--write-method <m>', 'how rows are written (WRITE_METHOD)').choices(
        WRITE_METHODS,
      ),
    )
    .option(
      '--max-events <n>',
      'stop after about this many records of each stream, to be resumed',
      wholeNumber,
    )
    .option('--quarantine-limit <share>', 'end a run that quarantines more (QUARANTINE_LIMIT)')
    .option('--simulate', 'use the bundled simulator, also into a DATABASE_URL')
    .option('--full', 'read all again, though the last run is complete; deletes nothing')
    .option('--since <value>', 'read what has this value or a higher one; see docs/keep-in-sync.md')
    .option('--until <value>', 'read what has this value or a lower one')
    .option('--restart', 'leave a run that is not complete as it is, and begin a new one')
    .option('--redis <url>', 'share the run with other processes over this Redis (REDIS_URL)')
    .addOption(
      new Option(
        '--standby',
        'wait while another process works on the run; go on when it dies',
      ).conflicts('redis'),
    )
    .option('--every <span>', 'run again every 15m, 1h or 1d, until a signal (SCHEDULE_EVERY)')
    .addOption(
      new Option(
        '--cron <expression>',
        'run at the times of a cron expression (SCHEDULE_CRON)',
      ).conflicts('every'),
    )
    .option('--timezone <zone>', 'of --cron (SCHEDULE_TIMEZONE); default: of this process')
    .option('--delete-missing', 'then delete rows of earlier runs that the source no longer has')
    .option('--delete-share <share>', 'delete nothing if it were more of the rows (DELETE_SHARE)')
    .option('--yes', 'do not ask before rows are deleted')
    .option('--dry-run', 'say what would be done, ask and write nothing')
    .addOption(
      new Option('--log-level <level>', 'what is worth a line (LOG_LEVEL)').choices(LOG_LEVELS),
    )
    .option('--json', 'print the result as one JSON line; logs go to standard error')
    .addHelpText('after', '\nExample:\n  datasync ingest --max-events 100000 --json')
    .action(async (flags: Record<string, unknown>) => {
      requireConfirmable(flags);
      const context = await commandContext(flags);
      await requireRedis(context.config);
      const isConfirmed = flags.yes === true;
      const { schedule, dryRun } = context.config;
      if (schedule === null || dryRun) {
        process.exitCode = (await run(context, isConfirmed)).exitCode;
        return;
      }
      requireWholeOnSchedule(context.config, isConfirmed);
      const { ingestOnSchedule } = await import('./ingest-on-schedule.js');
      process.exitCode = await ingestOnSchedule(context, schedule, (one) => run(one, isConfirmed));
    });
}

/** Of several streams see streams-result.ts. */
async function run(context: CommandContext, isConfirmed: boolean): Promise<IngestEnd> {
  const { config, log, slips } = context;
  if (slips.length > 0) {
    log.warn({ event: 'settings_misspelt' }, slips.map(slipText).join('; '));
  }
  for (const text of config.sourceWarnings) log.warn({ event: 'source_warned' }, text);
  if (config.deleteMissing) requireMerge(config);
  if (config.dryRun) return dryRun(context);
  const confirm = async (question: string): Promise<boolean> =>
    isConfirmed || (await askOnTerminal(question)) === 'yes';
  return config.streams.length === 1 ? runOne(context, confirm) : runSeveral(context, confirm);
}

async function runOne(context: CommandContext, confirm: Confirm): Promise<IngestEnd> {
  const results: StreamResult[] = [];
  const told = (end: IngestionEnd): void => {
    const result = tell(context, end);
    results.push(result);
    // Before anything is closed, as a script that reads the line need not wait for that.
    sayResult(context, result);
  };
  await ingest(context, { tell: told, leave, confirm });
  const [result] = results;
  assert(result !== undefined, 'an ingestion tells how it ended');
  return ingestEnd(result, results, results);
}

async function runSeveral(context: CommandContext, confirm: Confirm): Promise<IngestEnd> {
  const contexts = streamContexts(context, undefined);
  const { streams: chosen, target } = context.config;
  const streams = contexts.map((each) => {
    const { stream: name } = each.config;
    // One that is not chosen has to be complete already.
    const parents = ancestorsOf(name, target.plan.streams).filter((one) => chosen.includes(one));
    return { name, parents, context: each };
  });
  const results = new Map<string, NamedResult>();
  const stopped = await ingestStreams(context, streams, {
    ...{ leave, confirm },
    tell(stream, end) {
      const of = contexts.find(({ config }) => config.stream === stream) ?? context;
      results.set(stream, { ...tellStream(of, end), stream });
    },
  });
  const inOrder = context.config.streams.flatMap((stream) => results.get(stream) ?? []);
  const result = resultOfStreams(inOrder, stopped);
  const failures = failuresText(inOrder);
  if (failures !== null) context.say(failures);
  sayResult(context, result);
  return ingestEnd(result, inOrder, stopped === null ? inOrder : [result]);
}

function sayResult(context: CommandContext, result: StreamResult): void {
  if (result.exitCode === EXIT.complete) context.sayComplete();
  context.json(result);
}

function tellStream(context: CommandContext, end: StreamEnd): ToldResult {
  switch (end.type) {
    case 'ended':
    case 'finishedBefore':
      return tell(context, end);
    case 'refused': {
      const { error } = end;
      const fault = error instanceof IngestionError ? error.fault : null;
      const exitCode = fault === null ? EXIT.failed : exitCodeForFault(fault);
      return { status: 'failed', exitCode, message: error.message, fault: fault?.code ?? null };
    }
    case 'notBegun': {
      const exitCode = end.outcome === null ? EXIT.failed : exitCodeForOutcome(end.outcome);
      return { status: 'not_begun', exitCode, message: end.reason, fault: null };
    }
  }
}

/**
 * @param results of each stream
 * @param deciding those that decide whether another try is worth it
 */
function ingestEnd(
  result: StreamResult,
  results: readonly StreamResult[],
  deciding: readonly StreamResult[],
): IngestEnd {
  const { exitCode } = result;
  const message = exitCode === EXIT.complete ? null : String(result.message ?? '');
  const resumes = results.flatMap(({ resumeAt }) =>
    resumeAt == null ? [] : [Date.parse(String(resumeAt))],
  );
  const resumeAtMs = resumes.length === 0 ? null : Math.min(...resumes);
  return { exitCode, message, resumeAtMs, isForAPerson: isForAPerson(deciding) };
}

function tell(context: CommandContext, end: IngestionEnd): ToldResult {
  sayStream(context);
  return end.type === 'ended' ? tellEnd(context, end) : tellFinished(context, end);
}

function tellEnd(
  context: CommandContext,
  end: Extract<IngestionEnd, { type: 'ended' }>,
): ToldResult {
  const { result, outcome, openCommand, tableName, page } = end;
  context.say(reportText(result, { table: tableName, open: openCommand, page }));
  if (outcome.status !== 'complete') context.say(remedyText(result, outcome));
  const { run, reason } = result;
  // A signal is no reason that a script would look for.
  const isExplained = reason !== null && outcome.status !== 'interrupted';
  const isKept = result.keptReason !== null;
  const said = isExplained ? reason : `run ${run} is ${statusAfter(outcome.status)}`;
  return {
    ...result,
    exitCode: isKept ? EXIT.failed : exitCodeForOutcome(outcome),
    message: isKept ? `${said}; nothing is deleted: ${result.keptReason}` : said,
    fault: outcome.status === 'failed' ? outcome.fault.code : null,
  };
}

function remedyText({ pages }: IngestResult, { status }: RunOutcome): string {
  const goOn = pages === 0 ? '' : ' to go on from the last committed page';
  return status === 'failed' ? `Put that right, then start again${goOn}.` : `Start again${goOn}.`;
}

/** What becomes of the rows that are there. */
const ASKED_AGAIN = {
  append: 'deletes no row',
  merge: 'updates the rows that have changed',
  replace: 'then replaces the rows that are there',
} as const;

function tellFinished(
  context: CommandContext,
  end: Extract<IngestionEnd, { type: 'finishedBefore' }>,
): ToldResult {
  const { run, eventsIngested, tableRows, openCommand, disposition, deletion } = end;
  if (deletion !== null) return tellDeletion(context, end, deletion);
  const inTable = tableRows === null ? '' : `; the table has ${formatCount(tableRows)} rows`;
  const message = `Run ${run} is finished: ${formatCount(eventsIngested)} rows by the ledger${inTable}.`;
  context.say(
    `${message} Nothing to do; --full asks for all of it again, and ${ASKED_AGAIN[disposition]}.`,
  );
  if (tableRows !== null && tableRows < eventsIngested) {
    context.log.warn(
      { event: 'rows_missing', eventsIngested, tableRows },
      `the table has ${formatCount(eventsIngested - tableRows)} rows fewer than the ledger says: ` +
        `${commandText(context.config.source, 'verify')} names them`,
    );
  }
  context.say(`  data      ${openCommand}`);
  const known = { run, alreadyComplete: true, eventsIngested, tableRows };
  return { status: 'complete', exitCode: EXIT.complete, message, fault: null, ...known };
}

function tellDeletion(
  context: CommandContext,
  { run, eventsIngested, tableRows }: Extract<IngestionEnd, { type: 'finishedBefore' }>,
  deletion: Deletion,
): ToldResult {
  const done =
    deletion.type === 'deleted'
      ? `${formatCount(deletion.rows)} rows that the source no longer has are deleted`
      : `nothing is deleted: ${deletion.reason}`;
  const message = `Run ${run} was finished before; ${done}`;
  context.say(`${message}.`);
  const exitCode = deletion.type === 'deleted' ? EXIT.complete : EXIT.failed;
  const known = { run, alreadyComplete: true, eventsIngested, tableRows };
  const told = { status: 'complete', exitCode, message, fault: null };
  return { ...told, ...known, ...deletionFields(deletion) };
}
