#!/usr/bin/env node
/**
 * Composition root: the command line. Each command is one thin file in src/cli; `ingest` leads to
 * the ingestion loop (src/runtime/ingestion-loop.ts), and that to the scheduler (src/core/scheduler.ts).
 */
import { Command, CommanderError } from 'commander';
import { programShape } from './cli/command-tree.js';
import { CommandFailure, UsageError } from './cli/context.js';
import { EXIT, exitCodeForFault } from './cli/exit-codes.js';
import { swallowedFlags, swallowedText } from './cli/npm-flags.js';
import { writeFailure, writeFailureOnExit } from './cli/result-line.js';
import { VERSION } from './cli/version.js';
import { npmRun } from './config/npm-run.js';
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

async function main([named = '', ...args]: readonly string[]): Promise<void> {
  const load = COMMANDS[named];
  if (load !== undefined) await refuseSwallowed(named, args);
  const program = await programWith(load === undefined ? Object.values(COMMANDS) : [load]);
  await program.parseAsync();
}

/** @throws UsageError where npm has kept flags that were meant for the command */
async function refuseSwallowed(named: string, args: readonly string[]): Promise<void> {
  const npm = npmRun();
  if (npm?.script !== named || Object.keys(npm.config).length === 0) return;
  // A flag of another command was meant for us as well.
  const { commands } = programShape(await programWith(Object.values(COMMANDS)));
  const flags = swallowedFlags(named, commands, npm.config);
  if (flags.length > 0) throw new UsageError(swallowedText(named, args, flags));
}

/** Prints what a person needs of an error. @returns the exit code */
function report(error: unknown): number {
  // Commander has printed its own message by then.
  if (error instanceof CommanderError) {
    const exitCode = error.exitCode === 0 ? EXIT.complete : EXIT.usage;
    return ended(exitCode, error.message);
  }
  if (error instanceof UsageError || error instanceof CommandFailure) {
    process.stderr.write(`${error.message}\n`);
    return ended(error.exitCode, error.message);
  }
  if (error instanceof IngestionError) {
    process.stderr.write(`${error.message}\n`);
    return ended(exitCodeForFault(error.fault), error.message, error.fault.code);
  }
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  return ended(EXIT.failed, error instanceof Error ? error.message : String(error));
}

function ended(exitCode: number, message: string, fault: string | null = null): number {
  if (wantsJson) writeFailure(exitCode, message, fault);
  return exitCode;
}

const wantsJson = process.argv.includes('--json');
exitOnSignal(EXIT.interrupted);
if (wantsJson) writeFailureOnExit();
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A consumer that closes the pipe early, such as `head`, is no failure.
  if (error.code === 'EPIPE') return;
  const remedy = error.code === 'ENOSPC' ? ': the disk is full' : '';
  process.stderr.write(
    `Standard output cannot be written (${error.code ?? error.message})${remedy}.\n`,
  );
  process.exit(EXIT.failed);
});
// A log that cannot be written must not end an ingestion.
process.stderr.on('error', () => {});
try {
  await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = report(error);
}
