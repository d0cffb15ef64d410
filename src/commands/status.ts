/** `datasync status`: where the run stands, from the database; also while another process runs it. */
import { Command, Option } from 'commander';
import { IngestionError } from '../core/fault.js';
import { field } from '../observe/columns.js';
import { painterFor } from '../observe/paint.js';
import { type RunStatusView, runStatusView } from '../observe/run-status.js';
import { runStatusLine, runStatusText } from '../observe/run-status-text.js';
import { type Sight, watch } from '../observe/status-watch.js';
import { nowMs } from '../runtime/clock.js';
import { noLedgerText, noRunText } from '../session/find-run.js';
import { type OpenDatabase, openLedger } from '../session/open-database.js';
import { statusFacts } from '../session/status-facts.js';
import { type CommandContext, CommandFailure, commandContext } from './context.js';
import { EXIT } from './exit-codes.js';
import { wholeNumber } from './whole-number.js';

interface StatusFlags {
  readonly run?: number;
  readonly watch?: true;
}

export function statusCommand(): Command {
  return new Command('status')
    .description('show where the run stands, live or ended')
    .option('--run <n>', 'this run; default: the latest', wholeNumber)
    .addOption(
      new Option('--watch', 'show it again each second; q or Ctrl-C stops').conflicts('json'),
    )
    .option('--simulate', 'the run over the bundled simulator')
    .option('--json', 'print one JSON line')
    .addHelpText('after', '\nExample:\n  datasync status --watch')
    .action(async (flags: StatusFlags) => {
      const context = await commandContext({ ...flags, logLevel: 'warn', readsOnly: true });
      let database = await openLedger(context);
      const find = async () => {
        database ??= await openLedger(context);
        return database;
      };
      try {
        if (flags.watch) await watch(() => sight(context, find, flags.run));
        else await showOnce(context, database, flags.run);
      } finally {
        await database?.close();
      }
      process.exitCode = EXIT.complete;
    });
}

/** @throws CommandFailure when the run that was asked for does not exist */
async function showOnce(
  context: CommandContext,
  database: OpenDatabase | null,
  chosen: number | undefined,
): Promise<void> {
  const view = await look(context, database, chosen, { countsTable: true });
  if (database === null || view === null) {
    const text = noneText(context, database, chosen);
    if (chosen !== undefined) throw new CommandFailure(text);
    context.say(text);
    context.json({ status: 'none', message: text });
    return;
  }
  context.say(runStatusText(view, painterFor(process.stdout)));
  context.say(`${field('data', '').join('')}${database.openCommand}`);
  context.json({ ...view, ...view.totals });
}

async function look(
  { config }: CommandContext,
  database: OpenDatabase | null,
  chosen: number | undefined,
  options: { readonly countsTable: boolean },
): Promise<RunStatusView | null> {
  const facts =
    database === null ? null : await statusFacts(database.pool, config, chosen, options);
  return facts === null ? null : runStatusView(facts, nowMs());
}

function noneText(
  { config }: CommandContext,
  database: OpenDatabase | null,
  chosen: number | undefined,
): string {
  return database === null ? noLedgerText(config) : noRunText(config, chosen);
}

/** A database that is away for a while is a sight like any other, and so is one that is still to come. */
async function sight(
  context: CommandContext,
  find: () => Promise<OpenDatabase | null>,
  chosen: number | undefined,
): Promise<Sight> {
  try {
    const database = await find();
    const view = await look(context, database, chosen, { countsTable: false });
    if (view === null) {
      const text = noneText(context, database, chosen);
      return { text, line: text, isMoving: chosen === undefined };
    }
    return {
      text: runStatusText(view, painterFor(process.stdout)),
      line: runStatusLine(view),
      isMoving: view.state === 'running',
    };
  } catch (error) {
    if (!(error instanceof IngestionError)) throw error;
    return { text: error.message, line: error.message, isMoving: true };
  }
}
