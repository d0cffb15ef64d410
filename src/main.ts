#!/usr/bin/env node
/**
 * Composition root: the command line. Each command is one thin file in src/cli; `ingest` leads to
 * the ingestion loop (src/runtime/ingestion-loop.ts), and that to the scheduler (src/core/scheduler.ts).
 */
import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { UsageError } from './cli/context.js';
import { EXIT, exitCodeForFault } from './cli/exit-codes.js';
import { IngestionError } from './core/fault.js';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

const program = new Command('datasync')
  .description('Drains a paginated, rate-limited HTTP API into PostgreSQL, exactly once.')
  .version(version)
  .showHelpAfterError('(datasync --help lists the commands)')
  .exitOverride();

/** Each loads only what it needs: a start is quicker, and an ingestion holds no simulator. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  ingest: async () => (await import('./cli/ingest.js')).ingestCommand(),
  explore: async () => (await import('./cli/explore.js')).exploreCommand(),
  status: async () => (await import('./cli/status.js')).statusCommand(),
  doctor: async () => (await import('./cli/doctor.js')).doctorCommand(),
  serve: async () => (await import('./cli/serve.js')).serveCommand(),
  verify: async () => (await import('./cli/verify.js')).verifyCommand(),
  simulate: async () => (await import('./cli/simulate.js')).simulateCommand(),
};

const named = COMMANDS[process.argv[2] ?? ''];
for (const load of named === undefined ? Object.values(COMMANDS) : [named]) {
  program.addCommand((await load()).exitOverride());
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** Prints what a person needs of an error. @returns the exit code */
function report(error: unknown): number {
  // Commander has printed its own message by then.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.complete : EXIT.usage;
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
  if (error instanceof IngestionError) {
    process.stderr.write(`${error.message}\n`);
    return exitCodeForFault(error.fault);
  }
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  return EXIT.failed;
}
