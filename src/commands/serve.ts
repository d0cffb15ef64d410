/** `datasync serve`: dashboard of the ledger's runs, metrics and health, without an ingestion. */
import { Command, Option } from 'commander';
import { LOG_LEVELS } from '../config/config.js';
import { listenForSignals } from '../runtime/shutdown.js';
import { serve } from '../session/serve.js';
import { commandContext } from './context.js';
import { EXIT } from './exit-codes.js';
import { withSourceOptions } from './source-options.js';

const PORT = 8080;
const CLOSE_MS = 2_000;

export function serveCommand(): Command {
  return withSourceOptions(new Command('serve'))
    .description('show earlier runs, metrics and health over HTTP; ends with a signal')
    .option('--port <n>', `port (HTTP_PORT); default: ${PORT}`)
    .addOption(
      new Option('--log-level <level>', 'what is worth a line (LOG_LEVEL)').choices(LOG_LEVELS),
    )
    .addHelpText('after', '\nExample:\n  datasync serve --port 8080')
    .action(async (flags: Record<string, unknown>) => {
      const context = await commandContext({ ...flags, readsOnly: true });
      const port = context.config.httpPort ?? PORT;
      const signal = new Promise<void>((resolve) => {
        listenForSignals({ onDrain: () => resolve(), onExit: () => process.exit(EXIT.complete) });
      });
      // A database that is waited for must not outlast the signal.
      void signal.then(() => setTimeout(() => process.exit(EXIT.complete), CLOSE_MS).unref());
      await serve(context, { port, until: signal });
      process.exitCode = EXIT.complete;
    });
}
