/** `datasync status`: where the run stands, from the database; also while another process runs it. */
import { Command, Option } from 'commander';
import { IngestionError } from '../core/fault.js';
import { field } from '../observe/columns.js';
import { painterFor } from '../observe/paint.js';
import { type RunStatusView, runStatusView } from '../observe/run-status.js';
import { runStatusLine, runStatusText } from '../observe/run-status-text.js';
import { type Sight, watch } from '../observe/status-watch.js';
import { nowMs } from '../runtime/clock.js';
import { type FoundRun, LedgerReader } from '../session/ledger-reader.js';
import { statusFacts } from '../session/status-facts.js';
import { UserError } from '../session/user-error.js';
import { type CommandContext, commandContext } from './context.js';
import { sayStream, streamContexts, withStreams } from './each-stream.js';
import { EXIT } from './exit-codes.js';
import { withSourceOptions } from './source-options.js';
import { wholeNumber } from './whole-number.js';

interface StatusFlags {
  readonly run?: number;
  readonly watch?: true;
}

export function statusCommand(): Command {
  return withSourceOptions(new Command('status'))
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
      await LedgerReader.during(context, async (ledger) => {
        const contexts = streamContexts(context, flags.run);
        if (!flags.watch) return showOnce(contexts, ledger, flags.run);
        // A database that cannot be had at the start is an error; later it is a sight.
        await ledger.find(flags.run);
        return watch(() => sights(contexts, ledger, flags.run));
      });
      process.exitCode = EXIT.complete;
    });
}

async function showOnce(
  contexts: readonly CommandContext[],
  ledger: LedgerReader,
  chosen: number | undefined,
): Promise<void> {
  const views: object[] = [];
  for (const context of contexts) {
    sayStream(context);
    views.push(await show(context, ledger, chosen));
  }
  contexts[0]?.json(withStreams(views, views[0] ?? {}));
}

/** @throws UserError when the run that was asked for does not exist */
async function show(
  context: CommandContext,
  ledger: LedgerReader,
  chosen: number | undefined,
): Promise<object> {
  const found = await ledger.find(chosen, context.config.stream);
  if (found.type === 'none') {
    if (chosen !== undefined) throw new UserError(found.text);
    context.say(found.text);
    return { status: 'none', message: found.text };
  }
  const view = await viewOf(found, { countsTable: true });
  context.say(runStatusText(view, painterFor(process.stdout)));
  context.say(`${field('data', '').join('')}${found.database.openCommand}`);
  return { ...view, ...view.totals };
}

async function viewOf(
  { database, run }: FoundRun,
  options: { readonly countsTable: boolean },
): Promise<RunStatusView> {
  return runStatusView(await statusFacts(database.pool, run, options), nowMs());
}

/** Of each stream, as one. */
async function sights(
  contexts: readonly CommandContext[],
  ledger: LedgerReader,
  chosen: number | undefined,
): Promise<Sight> {
  const seen = await Promise.all(
    contexts.map(({ config }) => sight(ledger, chosen, config.stream)),
  );
  return {
    text: seen.map(({ text }) => text).join('\n\n'),
    line: seen.map(({ line }) => line).join(' | '),
    isMoving: seen.some(({ isMoving }) => isMoving),
  };
}

/** A database that is away for a while is a sight like any other, and so is one that is still to come. */
async function sight(
  ledger: LedgerReader,
  chosen: number | undefined,
  stream: string,
): Promise<Sight> {
  try {
    const found = await ledger.find(chosen, stream);
    if (found.type === 'none') {
      return { text: found.text, line: found.text, isMoving: chosen === undefined };
    }
    const view = await viewOf(found, { countsTable: false });
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
