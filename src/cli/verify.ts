/** `datasync verify`: proves the table against the ledger. */
import { Command } from 'commander';
import { openRunStore } from '../database/run-store.js';
import { verificationText } from '../database/verify/verification-text.js';
import { verifyRun } from '../database/verify/verify-run.js';
import { formatCount } from '../observe/eta.js';
import { Progress } from '../observe/progress.js';
import { type CommandContext, commandContext } from './context.js';
import { EXIT } from './exit-codes.js';
import { openDatabase } from './open-database.js';
import { runOriginOf } from './open-target.js';
import { wholeNumber } from './whole-number.js';

export function verifyCommand(): Command {
  return new Command('verify')
    .description('prove the table against the ledger; exit 1 with the differences')
    .option('--run <n>', 'this run; default: the latest of the configured source', wholeNumber)
    .option('--simulate', 'the run over the bundled simulator')
    .option('--json', 'print the result as one JSON line')
    .addHelpText('after', '\nExample:\n  datasync verify --json')
    .action(async (flags: Record<string, unknown>) => {
      const context = await commandContext({ ...flags, logLevel: 'warn' });
      process.exitCode = await verify(context, flags.run as number | undefined);
    });
}

/** @returns the exit code */
async function verify(context: CommandContext, chosen: number | undefined): Promise<number> {
  const { config } = context;
  const database = await openDatabase(config, context.log);
  let progressText = 'reading the ledger';
  const progress = new Progress({
    stream: process.stderr,
    mode: !context.isJson && process.stderr.isTTY ? 'terminal' : 'off',
    render: () => progressText,
  });
  try {
    const store = openRunStore(database.pool);
    const latest = await store.findLatestRun(config.source, runOriginOf(config.target));
    const run = chosen ?? latest?.run;
    if (run === undefined)
      return nothingToVerify(context, 'No run yet: `datasync ingest` begins one.');
    progress.start();
    const verification = await verifyRun(database.pool, {
      run,
      onProgress: (rowsRead, claimed) => {
        progressText = `${formatCount(rowsRead)} rows read, ${formatCount(claimed)} in the ledger`;
      },
    }).finally(() => progress.stop());
    if (verification === null) return nothingToVerify(context, `The ledger has no run ${run}.`);
    context.say(verificationText(verification));
    context.json(verification);
    return verification.ok ? EXIT.complete : EXIT.failed;
  } finally {
    await database.close();
  }
}

function nothingToVerify(context: CommandContext, message: string): number {
  context.say(message);
  context.json({ ok: false, run: null, message });
  return EXIT.failed;
}
