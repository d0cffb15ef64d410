#!/usr/bin/env node
/**
 * Composition root: the command line. Each command is one thin file in src/cli; `ingest` leads to
 * the ingestion loop (src/runtime/ingestion-loop.ts), and that to the scheduler (src/core/scheduler.ts).
 */
import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { UsageError } from './cli/context.js';
import { doctorCommand } from './cli/doctor.js';
import { EXIT, exitCodeForFault } from './cli/exit-codes.js';
import { ingestCommand } from './cli/ingest.js';
import { simulateCommand } from './cli/simulate.js';
import { statusCommand } from './cli/status.js';
import { IngestionError } from './core/fault.js';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

const program = new Command('datasync')
  .description('Drains a paginated, rate-limited HTTP API into PostgreSQL, exactly once.')
  .version(version)
  .showHelpAfterError('(datasync --help lists the commands)')
  .exitOverride();

for (const command of [ingestCommand(), statusCommand(), doctorCommand(), simulateCommand()]) {
  program.addCommand(command.exitOverride());
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
