#!/usr/bin/env node
/**
 * Composition root: the command line. Each command is one thin file in src/commands; `ingest`
 * leads to the session (src/session/run-session.ts), that to the ingestion loop
 * (src/runtime/ingestion-loop.ts), and that to the scheduler (src/core/scheduler.ts).
 */
import { Command, CommanderError } from 'commander';
import { programShape } from './commands/command-tree.js';
import { EXIT } from './commands/exit-codes.js';
import { failureOf } from './commands/failure.js';
import { swallowedFlags, swallowedText } from './commands/npm-flags.js';
import { writeFailure, writeFailureOnExit } from './commands/result-line.js';
import { npmRun } from './config/npm-run.js';
import { exitOnSignal } from './runtime/shutdown.js';
import { collectIdleOnce } from './runtime/worker-limits.js';
import { UserError } from './session/user-error.js';
import { VERSION } from './session/version.js';

collectIdleOnce();

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
  ingest: async () => (await import('./commands/ingest.js')).ingestCommand(),
  worker: async () => (await import('./commands/worker.js')).workerCommand(),
  explore: async () => (await import('./commands/explore.js')).exploreCommand(),
  status: async () => (await import('./commands/status.js')).statusCommand(),
  source: async () => (await import('./commands/source.js')).sourceCommand(),
  preview: async () => (await import('./commands/preview.js')).previewCommand(),
  columns: async () => (await import('./commands/columns.js')).columnsCommand(),
  doctor: async () => (await import('./commands/doctor.js')).doctorCommand(),
  serve: async () => (await import('./commands/serve.js')).serveCommand(),
  verify: async () => (await import('./commands/verify.js')).verifyCommand(),
  quarantine: async () => (await import('./commands/quarantine.js')).quarantineCommand(),
  export: async () => (await import('./commands/export.js')).exportCommand(),
  'export-ids': async () => (await import('./commands/export.js')).exportIdsCommand(),
  submit: async () => (await import('./commands/submit.js')).submitCommand(),
  report: async () => (await import('./commands/report.js')).reportCommand(),
  simulate: async () => (await import('./commands/simulate.js')).simulateCommand(),
  completion: async () =>
    (await import('./commands/completion.js')).completionCommand(() =>
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

/** @throws UserError where npm has kept flags that were meant for the command */
async function refuseSwallowed(named: string, args: readonly string[]): Promise<void> {
  const npm = npmRun();
  if (npm?.script !== named || Object.keys(npm.config).length === 0) return;
  // A flag of another command was meant for us as well.
  const { commands } = programShape(await programWith(Object.values(COMMANDS)));
  const flags = swallowedFlags(named, commands, npm.config);
  if (flags.length > 0) throw new UserError(swallowedText(named, args, flags), 'usage');
}

/** Prints what a person needs of an error. @returns the exit code */
function report(error: unknown): number {
  // Commander has printed its own message by then.
  if (error instanceof CommanderError) {
    const exitCode = error.exitCode === 0 ? EXIT.complete : EXIT.usage;
    return ended(exitCode, error.message);
  }
  const failure = failureOf(error);
  if (failure !== null) {
    process.stderr.write(`${failure.message}\n`);
    return ended(failure.exitCode, failure.message, failure.fault);
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
