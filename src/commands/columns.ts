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
  proposeColumns,
  requireTarget,
} from '../session/columns/propose-columns.js';
import { noLedgerText } from '../session/ledger-reader.js';
import { openLedger } from '../session/open-database.js';
import { UserError } from '../session/user-error.js';
import { type CommandContext, commandContext } from './context.js';
import { joinedResult, type StreamResult, sayStream, streamContexts } from './each-stream.js';
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
    .option(
      '--sql',
      'print the statements that add the columns and fill them in rows that are there',
    )
    .option('--json', 'print the result as one JSON line')
    .addHelpText(
      'after',
      `
Prints a block columns: for the source file, with how many rows have each field.
No value is shown. Columns that the file declares stay as they are.

Example:
  datasync columns --source github --resource issues`,
    )
    .action(async ({ sample, sql, ...flags }: ColumnsFlags & Record<string, unknown>) => {
      const context = await commandContext({ ...flags, logLevel: 'warn', readsOnly: true });
      const contexts = streamContexts(context, undefined);
      for (const { config } of contexts) requireTarget(config);
      const results = await proposeEach(contexts, sample, sql === true);
      if (context.isJson) writeResult(joinedResult(results));
      process.exitCode = EXIT.complete;
    });
}

/** @throws UserError, IngestionError */
async function proposeEach(
  contexts: readonly CommandContext[],
  rowsMax: number,
  isSql: boolean,
): Promise<StreamResult[]> {
  const [first] = contexts;
  const database = first === undefined ? null : await openLedger(first);
  if (first === undefined || database === null) {
    throw new UserError(
      first === undefined ? 'No resource is selected.' : noLedgerText(first.config),
    );
  }
  try {
    const results: StreamResult[] = [];
    for (const context of contexts) {
      const proposal = await proposeColumns(database, context.config, rowsMax);
      results.push(resultOf(proposal));
      say(context, proposal, isSql);
    }
    return results;
  } finally {
    await database.close();
  }
}

function say(context: CommandContext, proposal: ColumnProposal, isSql: boolean): void {
  const { rowsRead, tableRows, table } = proposal;
  const sql = columnsSql(proposal);
  if (isSql) return context.say(sql ?? `-- ${table} needs no column.`);
  sayStream(context);
  const of = tableRows === null ? 'all' : `of about ${formatCount(tableRows)}`;
  context.say(`# Told from ${formatCount(rowsRead)} rows (${of}) of ${table}.`);
  context.say(`${columnsYaml(proposal)}\n\n${columnsAdvice(proposal)}`);
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
