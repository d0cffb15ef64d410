/** `datasync columns`: proposes the columns of a stream from the rows that are there. Changes nothing. */
import { Command } from 'commander';
import { formatCount } from '../observe/eta.js';
import {
  columnsAdvice,
  columnsOf,
  columnsSql,
  columnsYaml,
} from '../session/columns/columns-text.js';
import {
  type ColumnProposal,
  type NoProposal,
  proposeColumns,
  requireTarget,
} from '../session/columns/propose-columns.js';
import { noLedgerText } from '../session/ledger-reader.js';
import { openLedger } from '../session/open-database.js';
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
import { writeResult } from './result-line.js';
import { withSourceOptions } from './source-options.js';
import { wholeNumber } from './whole-number.js';

const ROWS = 1_000;

interface ColumnsFlags {
  readonly sample: number;
  readonly sql?: true;
  readonly json?: true;
}

export function columnsCommand(): Command {
  return withSourceOptions(new Command('columns'))
    .description('propose typed columns from the rows that are in the table; changes nothing')
    .option('--sample <n>', 'rows to look at', wholeNumber, ROWS)
    .option('--sql', 'print the statements that add the columns and fill them in existing rows')
    .option('--json', 'print the result as one JSON line')
    .addHelpText(
      'after',
      `
Prints a columns: block for the source file, and how many rows have each field.
No value is shown. Columns that the file declares stay as they are.

Example:
  datasync columns --source github --resource issues`,
    )
    .action(async ({ sample, sql, ...flags }: ColumnsFlags & Record<string, unknown>) => {
      const context = await commandContext({ ...flags, logLevel: 'warn', readsOnly: true });
      const contexts = streamContexts(context, undefined);
      for (const { config } of contexts) requireTarget(config);
      const database = await openLedger(context);
      if (database === null) throw new UserError(noLedgerText(context.config));
      const results: StreamResult[] = [];
      try {
        for (const each of contexts) {
          const proposal = await proposeColumns(database, each.config, sample);
          results.push('reason' in proposal ? nothingFor(each, proposal) : resultOf(proposal));
          say(each, proposal, sql === true);
        }
      } finally {
        await database.close();
      }
      if (context.isJson) writeResult(joinedResult(results));
      process.exitCode = exitCodeOf(results);
    });
}

function say(context: CommandContext, proposal: ColumnProposal | NoProposal, isSql: boolean): void {
  if ('reason' in proposal) {
    process.stderr.write(`${proposal.reason}\n`);
    return;
  }
  const { rowsRead, tableRows, table } = proposal;
  const sql = columnsSql(proposal);
  if (isSql) return context.say(sql ?? `-- ${table} needs no column.`);
  sayStream(context);
  const of = tableRows === null ? 'all' : `of about ${formatCount(tableRows)}`;
  context.say(`# Told from ${formatCount(rowsRead)} rows (${of}) of ${table}.`);
  context.say(`${columnsYaml(proposal)}\n\n${columnsAdvice(proposal)}`);
}

function nothingFor({ config }: CommandContext, { reason }: NoProposal): StreamResult {
  const { source, stream } = config;
  return { status: 'failed', exitCode: EXIT.failed, message: reason, source, stream };
}

function resultOf(proposal: ColumnProposal): StreamResult {
  const { source, stream, table, rowsRead, tableRows, fields } = proposal;
  const columns = columnsOf(proposal);
  const block = Object.fromEntries(
    columns.map(({ name, type, filled }) => [
      name,
      { data_type: type, ...(filled < rowsRead ? { nullable: true } : {}) },
    ]),
  );
  return {
    ...{ status: 'ok', exitCode: EXIT.complete },
    message: `${columns.length} columns from ${formatCount(rowsRead)} rows`,
    ...{ source, stream, table, rowsRead, tableRows, columns: block, fields },
    sql: columnsSql(proposal),
  };
}
