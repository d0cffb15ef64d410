#!/usr/bin/env node
/**
 * Composition root: the command line. Each command is one thin file in src/cli; `ingest` leads to
 * the ingestion loop (src/runtime/ingestion-loop.ts), and that to the scheduler (src/core/scheduler.ts).
 */
import { Command, CommanderError } from 'commander';
import { CommandFailure, UsageError } from './cli/context.js';
import { EXIT, exitCodeForFault } from './cli/exit-codes.js';
import { VERSION } from './cli/version.js';
import { IngestionError } from './core/fault.js';
import { exitOnSignal } from './runtime/shutdown.js';

function bareProgram(): Command {
  return new Command('datasync')
    .description('Drains a paginated, rate-limited HTTP API into PostgreSQL, exactly once.')
    .version(VERSION)
    .showHelpAfterError('(datasync --help lists the commands)')
    .addHelpText('after', '\nExample:\n  datasync ingest --max-events 100000')
    .exitOverride();
}

/** Each loads only what it needs: a start is quicker, and an ingestion holds no simulator. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  ingest: async () => (await import('./cli/ingest.js')).ingestCommand(),
  explore: async () => (await import('./cli/explore.js')).exploreCommand(),
  status: async () => (await import('./cli/status.js')).statusCommand(),
  doctor: async () => (await import('./cli/doctor.js')).doctorCommand(),
  serve: async () => (await import('./cli/serve.js')).serveCommand(),
  verify: async () => (await import('./cli/verify.js')).verifyCommand(),
  'export-ids': async () => (await import('./cli/export-ids.js')).exportIdsCommand(),
  submit: async () => (await import('./cli/submit.js')).submitCommand(),
  report: async () => (await import('./cli/report.js')).reportCommand(),
  simulate: async () => (await import('./cli/simulate.js')).simulateCommand(),
  completion: async () =>
    (await import('./cli/completion.js')).completionCommand(() =>
      programWith(Object.values(COMMANDS)),
    ),
};

async function programWith(loads: readonly (() => Promise<Command>)[]): Promise<Command> {
  const program = bareProgram();
  for (const load of loads) program.addCommand((await load()).exitOverride());
  return program;
}

exitOnSignal(EXIT.interrupted);
// Who reads only the beginning, as `head` does, is no failure: the rest is said to nobody.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
try {
  const named = COMMANDS[process.argv[2] ?? ''];
  const program = await programWith(named === undefined ? Object.values(COMMANDS) : [named]);
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** Prints what a person needs of an error. @returns the exit code */
function report(error: unknown): number {
  // Commander has printed its own message by then.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.complete : EXIT.usage;
  if (error instanceof UsageError || error instanceof CommandFailure) {
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
