/** `datasync report [run]`: shows the report of a run again, ended or not. */
import { relative } from 'node:path';
import { Command } from 'commander';
import { field } from '../observe/columns.js';
import { painterFor } from '../observe/paint.js';
import { runReportText } from '../observe/run-report-text.js';
import { type FoundRun, LedgerReader } from '../session/ledger-reader.js';
import { loadReport } from '../session/reports/load-report.js';
import { type CommandContext, commandContext } from './context.js';
import { EXIT } from './exit-codes.js';
import { withSourceOptions } from './source-options.js';
import { wholeNumber } from './whole-number.js';

export function reportCommand(): Command {
  return withSourceOptions(new Command('report'))
    .description('show the report of a run again')
    .argument('[run]', 'its number; default: the latest', wholeNumber)
    .option('--simulate', 'the run over the bundled simulator')
    .option('--json', 'print the report as one JSON line')
    .addHelpText(
      'after',
      `
Each process that works on a run writes <run>.json and <run>.html into
REPORTS_FOLDER when it ends. Without these files the report has what the ledger
knows. Where another database has had a run by that number, its files have a
longer name.

Example:
  datasync report 1`,
    )
    .action(async (run: number | undefined, flags: Record<string, unknown>) => {
      const context = await commandContext({ ...flags, logLevel: 'warn', readsOnly: true });
      await LedgerReader.during(context, async (ledger) =>
        showReport(context, await ledger.require(run)),
      );
      process.exitCode = EXIT.complete;
    });
}

async function showReport(context: CommandContext, { database, run }: FoundRun): Promise<void> {
  const { report, files } = await loadReport(database.pool, context.config, run);
  context.say(runReportText(report, painterFor(process.stdout)));
  if (files !== null) context.say(field('page', relative('.', files.page)).join('\n'));
  context.json(report);
}
