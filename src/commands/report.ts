/** `datasync report [run]`: shows the report of a run again, ended or not. */
import { relative } from 'node:path';
import { Command } from 'commander';
import type { Pool } from 'pg';
import { openRunStore } from '../database/run-store.js';
import { field } from '../observe/columns.js';
import { painterFor } from '../observe/paint.js';
import { runReportText } from '../observe/run-report-text.js';
import { findRun, noLedgerText, noRunText } from '../session/find-run.js';
import { openLedger } from '../session/open-database.js';
import { loadReport } from '../session/reports/load-report.js';
import { type CommandContext, CommandFailure, commandContext } from './context.js';
import { EXIT } from './exit-codes.js';
import { wholeNumber } from './whole-number.js';

export function reportCommand(): Command {
  return new Command('report')
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
      const database = await openLedger(context);
      if (database === null) throw new CommandFailure(noLedgerText(context.config));
      try {
        await showReport(context, database.pool, run);
      } finally {
        await database.close();
      }
      process.exitCode = EXIT.complete;
    });
}

/** @throws CommandFailure when there is no such run */
async function showReport(
  context: CommandContext,
  pool: Pool,
  chosen: number | undefined,
): Promise<void> {
  const { config } = context;
  const store = openRunStore(pool);
  const run = await findRun(store, config, chosen);
  if (run === null) throw new CommandFailure(noRunText(config, chosen));
  const { report, files } = await loadReport(pool, config, run);
  context.say(runReportText(report, painterFor(process.stdout)));
  if (files !== null) context.say(field('page', relative('.', files.page)).join('\n'));
  context.json(report);
}
