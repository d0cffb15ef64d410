/** `datasync quarantine …`: looks at records that could not be stored, and tries them again. */
import { Command, InvalidArgumentError } from 'commander';
import { Quarantine, type RecordPlace } from '../database/quarantine.js';
import { addRetries, NO_RETRIES, type RetryCounts } from '../protocol/quarantined-record.js';
import { commandText } from '../session/command-text.js';
import { noLedgerText } from '../session/ledger-reader.js';
import { openLedger } from '../session/open-database.js';
import {
  contentText,
  counted,
  listText,
  placeText,
  readPlace,
  shownText,
} from '../session/quarantine/quarantine-text.js';
import type { RunRetry } from '../session/quarantine/retry-quarantine.js';
import { UserError } from '../session/user-error.js';
import { type CommandContext, commandContext } from './context.js';
import {
  exitCodeOf,
  joinedResult,
  type StreamResult,
  sayStream,
  streamContexts,
} from './each-stream.js';
import { EXIT } from './exit-codes.js';
import { withSourceOptions } from './source-options.js';
import { wholeNumber } from './whole-number.js';

const GROUPS = 20;
/** A terminal is not filled by one record, and a script can read it from the database. */
const CHARS_SHOWN_MAX = 20_000;

export function quarantineCommand(): Command {
  const group = new Command('quarantine').description(
    'show records that could not be stored, and try them again',
  );
  for (const command of [listCommand(), showCommand(), retryCommand()]) {
    group.addCommand(command.exitOverride());
  }
  return group.addHelpText('after', '\nExample:\n  datasync quarantine list');
}

interface ListFlags {
  readonly source?: string;
  readonly resource?: readonly string[];
  readonly stream?: readonly string[];
  readonly run?: number;
  readonly reason?: string;
  readonly limit: number;
}

function listCommand(): Command {
  return withSourceOptions(new Command('list'))
    .description('list what is in quarantine, by stream, run and reason; default: of all sources')
    .option('--run <n>', 'of this run alone', wholeNumber)
    .option('--reason <text>', 'of reasons that contain this text')
    .option('--limit <n>', 'groups at most', wholeNumber, GROUPS)
    .option('--simulate', 'of the database of simulated events')
    .option('--json', 'print one JSON line')
    .addHelpText('after', '\nExample:\n  datasync quarantine list --source github --reason bigint')
    .action(async ({ limit, reason, run, ...flags }: ListFlags & Record<string, unknown>) => {
      const context = await lookingContext(flags);
      const { source, streams } = context.config;
      const filter = {
        source: flags.source === undefined ? null : source,
        streams: (flags.resource ?? flags.stream) === undefined ? null : streams,
        run: run ?? null,
        reason: reason ?? null,
      };
      const list = await withQuarantine(context, (quarantine) => quarantine.list(filter, limit));
      const found = list ?? { groups: [], groupsInAll: 0, recordsInAll: 0 };
      context.say(context.redact(listText(found)));
      context.json({
        ...{ status: 'ok', exitCode: EXIT.complete },
        message: `${counted(found.recordsInAll)} in quarantine`,
        ...found,
        groups: found.groups.map(({ reason: why, example, ...group }) => ({
          ...{ ...group, reason: context.redact(why), example: placeText(example) },
        })),
      });
      process.exitCode = EXIT.complete;
    });
}

function showCommand(): Command {
  return withSourceOptions(new Command('show'))
    .description('show one record of the quarantine: why it is there, where it came from, its text')
    .argument('<record>', 'RUN/SEGMENT/PAGE/INDEX, as list prints it', recordPlace)
    .option('--simulate', 'of the database of simulated events')
    .option('--json', 'print one JSON line')
    .addHelpText('after', '\nExample:\n  datasync quarantine show 3/0/17/4')
    .action(async (place: RecordPlace, flags: Record<string, unknown>) => {
      const context = await lookingContext(flags);
      const shown = await withQuarantine(context, (one) => one.show(place, CHARS_SHOWN_MAX));
      if (shown === null) {
        throw new UserError(
          `No record ${placeText(place)} is in quarantine: ${commandText(context.config.source, 'quarantine list')} names those that are.`,
        );
      }
      context.say(context.redact(shownText(shown)));
      const { redact } = context;
      context.json({
        ...{ status: 'ok', exitCode: EXIT.complete, message: redact(shown.reason), ...shown },
        reason: redact(shown.reason),
        cursor: shown.cursor === null ? null : redact(shown.cursor),
        rawText: redact(shown.rawText),
        content: redact(contentText(shown)),
      });
      process.exitCode = EXIT.complete;
    });
}

function recordPlace(text: string): RecordPlace {
  const place = readPlace(text);
  if (place === null) throw new InvalidArgumentError('It takes RUN/SEGMENT/PAGE/INDEX.');
  return place;
}

interface RetryFlags {
  readonly run?: number;
  readonly reason?: string;
  readonly dryRun?: true;
}

function retryCommand(): Command {
  return withSourceOptions(new Command('retry'))
    .description('try records of the quarantine again; exit 1 where some stay there')
    .option('--run <n>', 'of this run alone; default: of all runs over the stream', wholeNumber)
    .option('--reason <text>', 'of reasons that contain this text')
    .option('--dry-run', 'say how many would be tried, write nothing')
    .option('--simulate', 'of runs over the bundled simulator')
    .option('--json', 'print one JSON line')
    .addHelpText(
      'after',
      `
Correct the source file or the table first. A record that is stored leaves the
quarantine and becomes a row of the page that it came with; the API is not asked.

Example:
  datasync quarantine retry --source github --reason bigint`,
    )
    .action(async (flags: RetryFlags & Record<string, unknown>) => {
      const context = await lookingContext(flags);
      const results = await retryStreams(context, flags);
      context.json(joinedResult(results));
      process.exitCode = exitCodeOf(results);
    });
}

async function retryStreams(context: CommandContext, flags: RetryFlags): Promise<StreamResult[]> {
  const database = await openLedger(context);
  if (database === null) throw new UserError(noLedgerText(context.config));
  const { retryQuarantine } = await import('../session/quarantine/retry-quarantine.js');
  const { run = null, reason = null, dryRun: isDryRun = false } = flags;
  const results: StreamResult[] = [];
  try {
    for (const each of streamContexts(context, undefined)) {
      sayStream(each);
      const retried = await retryQuarantine(each, database, { run, reason, isDryRun });
      results.push(tellRetry(each, retried, isDryRun));
    }
  } finally {
    await database.close();
  }
  return results;
}

function tellRetry(
  context: CommandContext,
  retried: readonly RunRetry[],
  isDryRun: boolean,
): StreamResult {
  const { source, stream } = context.config;
  const { inserted, updated, duplicate, refused } = retried.reduce<RetryCounts>(
    addRetries,
    NO_RETRIES,
  );
  for (const one of retried) context.say(runText(one, { source, isDryRun }));
  const stored = inserted + updated + duplicate;
  const left = recordsOf(retried) - stored;
  const tried = recordsOf(retried.filter(({ passedOver }) => passedOver === null));
  const done = isDryRun
    ? `${counted(tried)} would be tried again`
    : `${counted(stored)} stored, ${counted(left)} left in quarantine`;
  const message =
    retried.length === 0 ? `No such record of ${source}.${stream} is in quarantine` : done;
  context.say(`${message}.`);
  const exitCode = left > 0 && !isDryRun ? EXIT.failed : EXIT.complete;
  const status = isDryRun ? 'dry-run' : exitCode === EXIT.complete ? 'complete' : 'failed';
  const runs = retried.map(({ run, ...one }) => ({ ...one, run: run.run }));
  const counts = { inserted, updated, duplicate, refused, left };
  return { status, exitCode, message, stream, ...counts, runs };
}

function recordsOf(retried: readonly RunRetry[]): number {
  return retried.reduce((total, { records }) => total + records, 0);
}

function runText(
  { run, records, passedOver, ...counts }: RunRetry,
  { source, isDryRun }: { readonly source: string; readonly isDryRun: boolean },
): string {
  const of = `Run ${run.run}: ${counted(records)}`;
  if (passedOver !== null) return `${of}, none tried. ${passedOver}`;
  if (isDryRun) return `${of} would be tried.`;
  const { inserted, updated, duplicate, refused } = counts;
  const isOpen = run.status === 'failed' || run.status === 'paused';
  return [
    `${of} = ${inserted} inserted + ${updated} updated + ${duplicate} duplicate + ${refused} refused again`,
    ...(refused > 0
      ? [`  ${commandText(source, `quarantine list --run ${run.run}`)} says why.`]
      : []),
    ...(isOpen ? [`  It is ${run.status}: ${commandText(source, 'ingest')} goes on with it.`] : []),
  ].join('\n');
}

/** The source is not asked, so that no key is needed. */
function lookingContext(flags: Record<string, unknown>): Promise<CommandContext> {
  return commandContext({ ...flags, logLevel: 'warn', readsOnly: true });
}

/** @returns null where there is no ledger yet */
async function withQuarantine<T>(
  context: CommandContext,
  use: (quarantine: Quarantine) => Promise<T>,
): Promise<T | null> {
  const database = await openLedger(context);
  if (database === null) return null;
  try {
    return await use(new Quarantine(database.pool));
  } finally {
    await database.close();
  }
}
