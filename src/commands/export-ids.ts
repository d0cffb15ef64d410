/** `datasync export-ids`: streams the ids of the table, or its rows, into a file or a pipe. */
import { Command, Option } from 'commander';
import type { Pool } from 'pg';
import {
  EXPORT_FORMATS,
  EXPORT_ORDERS,
  type ExportFormat,
  type ExportOrder,
} from '../database/export/export-sql.js';
import { listTableWriters } from '../database/export/table-writers.js';
import type { Run } from '../database/ledger-types.js';
import { openRunStore, type RunStore } from '../database/run-store.js';
import { formatBytes, formatCount } from '../observe/eta.js';
import { openOutput, STANDARD_OUTPUT } from '../session/export/open-output.js';
import { type Exported, writeRows } from '../session/export/write-ids.js';
import { findRun, noLedgerText, noRunText, notCompleteText } from '../session/find-run.js';
import { type OpenDatabase, openLedger } from '../session/open-database.js';
import { type CommandContext, CommandFailure, commandContext } from './context.js';
import { EXIT } from './exit-codes.js';
import { sayResultOnStandardError, writeResult } from './result-line.js';
import { wholeNumber } from './whole-number.js';

export const IDS_FILE = 'event_ids.txt';
const PARTIAL_IDS_FILE = 'event_ids.partial.txt';

interface ExportFlags {
  readonly output?: string;
  readonly format: ExportFormat;
  readonly order: ExportOrder;
  readonly gzip?: true;
  readonly partial?: true;
  readonly run?: number;
  readonly json?: true;
}

export function exportIdsCommand(): Command {
  return new Command('export-ids')
    .description('write all ids of the table, one a line, or its whole rows')
    .option('--output <file>', `a name, or - for standard output; default: ${IDS_FILE}`)
    .addOption(
      new Option('--format <form>', 'ids, or whole rows').choices(EXPORT_FORMATS).default('ids'),
    )
    .addOption(
      new Option('--order <order>', 'id: ascending; ingested: as the rows lie in the table')
        .choices(EXPORT_ORDERS)
        .default('id'),
    )
    .option('--gzip', 'compress; adds .gz to a name of our own')
    .option('--partial', `also when the run is not complete, to ${PARTIAL_IDS_FILE}`)
    .option('--run <n>', 'the run that must be complete; default: the latest', wholeNumber)
    .option('--simulate', 'the run over the bundled simulator')
    .option('--json', 'print the result as one JSON line')
    .addHelpText(
      'after',
      `
The rows are those of the table ingested_events, which are the run's where one
source has filled it. The file appears under its name when it is whole; with
--output - the result goes to standard error. --order ingested is the order in
which pages were written, two at a time; where rows were taken back, later ones
may have their place.

Example:
  datasync export-ids --output - | sort --check`,
    )
    .action(async (flags: ExportFlags) => {
      if (flags.output === STANDARD_OUTPUT) sayResultOnStandardError();
      const context = await commandContext({ ...flags, logLevel: 'warn', readsOnly: true });
      const database = await openLedger(context);
      if (database === null) throw new CommandFailure(noLedgerText(context.config));
      try {
        process.exitCode = await exportIds(context, database, flags);
      } finally {
        await database.close();
      }
    });
}

/** @returns the exit code @throws CommandFailure */
async function exportIds(
  context: CommandContext,
  database: OpenDatabase,
  flags: ExportFlags,
): Promise<number> {
  const store = openRunStore(database.pool);
  const found = await findRun(store, context.config, flags.run);
  if (found === null) throw new CommandFailure(noRunText(context.config, flags.run));
  const isPartial = await requireComplete(database.pool, found, flags.partial === true);
  const source = await rowsToExpect(store, database, found, isPartial);
  if (source.origins.length > 1) {
    process.stderr.write(
      `Warning: ${source.origins.length} sources have written into the table, and a row does not say ` +
        'whose it is: all are exported.\n',
    );
  }
  const output = flags.output ?? defaultFile(flags, isPartial);
  const written = await writeRows(database.pool, {
    sink: await openOutput(output, { isGzip: flags.gzip === true }),
    ...{ output, format: flags.format, order: flags.order, isQuiet: context.isJson },
    expected: source.expected,
    check: (rows) => requireAll(rows, source.least),
  });
  tell({ context, output, flags, run: found, isPartial, origins: source.origins }, written);
  return EXIT.complete;
}

/** Half of the ids must not lie where all of them are looked for. */
function defaultFile({ format, gzip }: ExportFlags, isPartial: boolean): string {
  const ids = isPartial ? PARTIAL_IDS_FILE : IDS_FILE;
  const rows = isPartial ? `events.partial.${format}` : `events.${format}`;
  return `${format === 'ids' ? ids : rows}${gzip ? '.gz' : ''}`;
}

/** @returns whether it is not complete, which was asked for @throws CommandFailure otherwise */
async function requireComplete(pool: Pool, run: Run, permitsPartial: boolean): Promise<boolean> {
  if (run.status === 'complete') return false;
  const why = await notCompleteText(pool, run);
  if (!permitsPartial) {
    throw new CommandFailure(`${why}; --partial exports what is there.`, EXIT.paused);
  }
  process.stderr.write(`Warning: ${why}. What is exported is NOT all that the source holds.\n`);
  return true;
}

interface ExpectedRows {
  /** How many there should be; null: not known. */
  readonly expected: number | null;
  /** Fewer contradict the ledger. */
  readonly least: number;
  /** Who has written them. */
  readonly origins: readonly string[];
}

async function rowsToExpect(
  store: RunStore,
  { pool }: OpenDatabase,
  run: Run,
  isPartial: boolean,
): Promise<ExpectedRows> {
  const [{ covered }, writers] = await Promise.all([
    store.loadTotals(run.run),
    listTableWriters(pool),
  ]);
  const origins = writers.map(({ origin }) => origin);
  const least = isPartial ? 0 : covered;
  if (origins.length === 1) return { expected: covered, least, origins };
  return { expected: await store.estimateEvents(), least, origins };
}

function requireAll(rows: number, least: number): void {
  if (rows >= least) return;
  throw new CommandFailure(
    `The table has ${formatCount(rows)} rows and the ledger says ${formatCount(least)}: ` +
      '`datasync verify` names what is missing. Nothing is exported.',
  );
}

interface Told {
  readonly context: CommandContext;
  readonly output: string;
  readonly flags: ExportFlags;
  readonly run: Run;
  readonly isPartial: boolean;
  readonly origins: readonly string[];
}

/** Standard output is the ids' own where they go there. */
function tell({ context, output, flags, run, isPartial, origins }: Told, written: Exported): void {
  const { rows, bytes, sha256, durationMs } = written;
  const stream = output === STANDARD_OUTPUT ? process.stderr : process.stdout;
  if (context.isJson) {
    const { format, order } = flags;
    const status = isPartial ? 'partial' : 'complete';
    const message = `${formatCount(rows)} rows exported`;
    const outcome = { status, exitCode: EXIT.complete, message };
    const result = {
      ...outcome,
      output,
      format,
      order,
      run: run.run,
      isPartial,
      origins,
      ...written,
    };
    writeResult(result);
    return;
  }
  const rate = formatCount((rows * 1000) / Math.max(1, durationMs));
  const seconds = (durationMs / 1000).toFixed(1);
  const of = origins.length === 1 ? `of run ${run.run}` : `of ${origins.join(', ')}`;
  const lines = [
    `${isPartial ? 'PARTIAL export' : 'Export'}: ${output === STANDARD_OUTPUT ? 'standard output' : output}`,
    `  rows      ${formatCount(rows)} ${of}`,
    `  bytes     ${formatBytes(bytes)}${flags.gzip ? ' before compression' : ''}, in ${seconds} s, ${rate} rows/s`,
    `  sha256    ${sha256}`,
  ];
  stream.write(`${lines.join('\n')}\n`);
}
