/** `datasync preview`: the first records of a source as JSON lines. Writes nothing, needs no database. */
import { Command } from 'commander';
import { previewRecords } from '../session/sources/preview-records.js';
import { commandContext } from './context.js';
import { EXIT } from './exit-codes.js';
import { withSourceOptions } from './source-options.js';
import { wholeNumber } from './whole-number.js';

const RECORDS = 10;

interface PreviewFlags {
  readonly limit: number;
}

export function previewCommand(): Command {
  return withSourceOptions(new Command('preview'))
    .description('show the first records of the API as JSON lines; writes nothing')
    .option('--limit <n>', 'records of each resource', wholeNumber, RECORDS)
    .option('--simulate', 'show those of the bundled simulator')
    .addHelpText(
      'after',
      '\nExample:\n  datasync preview --source github --resource issues --limit 3',
    )
    .action(async ({ limit, ...flags }: PreviewFlags & Record<string, unknown>) => {
      const context = await commandContext({ ...flags, logLevel: 'warn' });
      const { config } = context;
      for (const stream of config.streams) {
        if (config.streams.length > 1) process.stderr.write(`${config.source}.${stream}\n`);
        await previewRecords(
          { ...context, config: { ...config, stream } },
          {
            recordsMax: limit,
            onRecord: (line) => process.stdout.write(`${line}\n`),
            onRejected: (count, reasons) =>
              process.stderr.write(`${count} records cannot be stored: ${reasons.join('; ')}\n`),
          },
        );
      }
      process.exitCode = EXIT.complete;
    });
}
