/** `datasync export` and `export-ids`: stream the rows of the table, or their ids, into a file or a pipe. */
import { Command, Option } from 'commander';
import { DEFAULT_SOURCE } from '../config/source-files.js';
import {
  EXPORT_FORMATS,
  EXPORT_ORDERS,
  type ExportFormat,
  type ExportOrder,
} from '../database/export/export-sql.js';
import type { Run } from '../database/ledger-types.js';
import { formatBytes, formatCount } from '../observe/eta.js';
import { type ExportedRun, exportRun } from '../session/export/export-run.js';
import { STANDARD_OUTPUT } from '../session/export/open-output.js';
import { LedgerReader } from '../session/ledger-reader.js';
import { UserError } from '../session/user-error.js';
import { type CommandContext, commandContext } from './context.js';
import { joinedResult, type StreamResult, streamContexts } from './each-stream.js';
import { EXIT } from './exit-codes.js';
import { sayResultOnStandardError, writeResult } from './result-line.js';
import { withSourceOptions } from './source-options.js';
import { wholeNumber } from './whole-number.js';

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
  return exporting('export-ids', 'ids')
    .description('write all ids of the table, one a line, or its whole rows')
    .addHelpText('after', `${ABOUT}\n  datasync export-ids --output - | sort --check`);
}

export function exportCommand(): Command {
  return exporting('export', 'ndjson')
    .description('write the whole rows of the table: key, instant and record')
    .addHelpText(
      'after',
      `${ABOUT}\n  datasync export --source github --resource issues --format csv`,
    );
}

const ABOUT = `
The rows are those of the run's table, which are the run's where one source has
filled it. The file appears under its name when it is whole; with --output - the
result goes to standard error. --order ingested is the order in which pages were
written, two at a time; where rows were taken back, later ones may have their
place.

Example:`;

function exporting(name: string, format: ExportFormat): Command {
  return withSourceOptions(new Command(name))
    .option('--output <file>', 'a name, or - for standard output; default: named after the stream')
    .addOption(
      new Option('--format <form>', 'ids, or whole rows').choices(EXPORT_FORMATS).default(format),
    )
    .addOption(
      new Option(
        '--order <order>',
        'id: by the key, ascending; ingested: as the rows lie in the table',
      )
        .choices(EXPORT_ORDERS)
        .default('id'),
    )
    .option('--gzip', 'compress; adds .gz to a name of our own')
    .option('--partial', 'also when the run is not complete, to a name that says so')
    .option('--run <n>', 'the run that must be complete; default: the latest', wholeNumber)
    .option('--simulate', 'the run over the bundled simulator')
    .option('--json', 'print the result as one JSON line')
    .action(async (flags: ExportFlags) => {
      if (flags.output === STANDARD_OUTPUT) sayResultOnStandardError();
      const context = await commandContext({ ...flags, logLevel: 'warn', readsOnly: true });
      const contexts = streamContexts(context, flags.run);
      requireOneOutput(context, contexts.length, flags);
      const results: StreamResult[] = [];
      await LedgerReader.during(context, async (ledger) => {
        for (const each of contexts) results.push(await run(each, ledger, flags));
      });
      if (context.isJson) writeResult(joinedResult(results));
      process.exitCode = EXIT.complete;
    });
}

/** Rows of several tables in one file would be of no form. @throws UserError */
function requireOneOutput(
  { config }: CommandContext,
  streams: number,
  { output }: ExportFlags,
): void {
  if (streams === 1 || output === undefined) return;
  throw new UserError(
    `--output is one file, and ${config.source} has the streams ${config.streams.join(', ')}: choose one with --resource, or leave --output out for a file of each.`,
    'usage',
  );
}

/** @throws UserError */
async function run(
  context: CommandContext,
  ledger: LedgerReader,
  flags: ExportFlags,
): Promise<StreamResult> {
  const found = await ledger.require(flags.run, context.config.stream);
  const exported = await exportRun(found, {
    ...{ format: flags.format, order: flags.order, isQuiet: context.isJson },
    isGzip: flags.gzip === true,
    permitsPartial: flags.partial === true,
    outputFor: (isPartial) => flags.output ?? defaultFile(flags, found.run, isPartial),
    warn: (text) => process.stderr.write(`Warning: ${text}\n`),
    leave: () => process.exit(EXIT.interrupted),
  });
  return tell(context, flags, found.run.run, exported);
}

/** Half of the ids must not lie where all of them are looked for. */
function defaultFile(
  { format, gzip }: ExportFlags,
  { source, stream }: Run,
  isPartial: boolean,
): string {
  const of = source === DEFAULT_SOURCE ? '' : `${source}.`;
  const partial = isPartial ? '.partial' : '';
  const file =
    format === 'ids' ? `${idsOf(stream)}${partial}.txt` : `${stream}${partial}.${format}`;
  return `${of}${file}${gzip ? '.gz' : ''}`;
}

/** `event_ids` of `events`. */
function idsOf(stream: string): string {
  return `${stream.replace(/s$/, '')}_ids`;
}

/** Standard output is the rows' own where they go there. */
function tell(
  context: CommandContext,
  flags: ExportFlags,
  run: number,
  { isPartial, origins, output, ...written }: ExportedRun,
): StreamResult {
  const { rows, bytes, sha256, durationMs } = written;
  const stream = output === STANDARD_OUTPUT ? process.stderr : process.stdout;
  const { format, order } = flags;
  const status = isPartial ? 'partial' : 'complete';
  const outcome = {
    status,
    exitCode: EXIT.complete,
    message: `${formatCount(rows)} rows exported`,
  };
  const what = { output, format, order, run, isPartial, origins };
  const result = { ...outcome, ...what, ...written };
  if (context.isJson) return result;
  const rate = formatCount((rows * 1000) / Math.max(1, durationMs));
  const seconds = (durationMs / 1000).toFixed(1);
  const of = origins.length === 1 ? `of run ${run}` : `of ${origins.join(', ')}`;
  const lines = [
    `${isPartial ? 'PARTIAL export' : 'Export'}: ${output === STANDARD_OUTPUT ? 'standard output' : output}`,
    `  rows      ${formatCount(rows)} ${of}`,
    `  bytes     ${formatBytes(bytes)}${flags.gzip ? ' before compression' : ''}, in ${seconds} s, ${rate} rows/s`,
    `  sha256    ${sha256}`,
  ];
  stream.write(`${lines.join('\n')}\n`);
  return result;
}
