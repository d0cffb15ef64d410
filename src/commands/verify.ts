/** `datasync verify`: proves the table against the ledger. */
import { Command } from 'commander';
import type { Run } from '../database/ledger-types.js';
import { openRunStore } from '../database/run-store.js';
import { verificationText } from '../database/verify/verification-text.js';
import { findRun, noLedgerText, noRunText } from '../session/find-run.js';
import { openLedger } from '../session/open-database.js';
import { proveRun } from '../session/prove-run.js';
import { keepVerification } from '../session/reports/keep-verification.js';
import { type CommandContext, commandContext } from './context.js';
import { EXIT } from './exit-codes.js';
import { wholeNumber } from './whole-number.js';

export function verifyCommand(): Command {
  return new Command('verify')
    .description('prove the table against the ledger; exit 1 with the differences')
    .option('--run <n>', 'this run; default: the latest of the configured source', wholeNumber)
    .option('--simulate', 'the run over the bundled simulator')
    .option('--json', 'print the result as one JSON line')
    .addHelpText('after', '\nExample:\n  datasync verify --json')
    .action(async (flags: Record<string, unknown>) => {
      const context = await commandContext({ ...flags, logLevel: 'warn', readsOnly: true });
      process.exitCode = await verify(context, flags.run as number | undefined);
    });
}

/** @returns the exit code */
async function verify(context: CommandContext, chosen: number | undefined): Promise<number> {
  const { config } = context;
  const database = await openLedger(context);
  if (database === null) return nothingToVerify(context, noLedgerText(config));
  try {
    const found = await findRun(openRunStore(database.pool), config, chosen);
    if (found === null) return nothingToVerify(context, noRunText(config, chosen));
    const verification = await proveRun(database.pool, found.run, context.isJson);
    if (verification === null) return nothingToVerify(context, noRunText(config, found.run));
    await keepVerification(context, found, verification);
    const text = verificationText(verification);
    const { ok, pages, status } = verification;
    if (ok && pages === 0 && status !== 'complete') {
      return nothingToVerify(context, nothingCommittedText(found), found);
    }
    const exitCode = ok ? EXIT.complete : EXIT.failed;
    context.say(text);
    context.json({ ...verification, exitCode, message: text.split('\n')[0] });
    return exitCode;
  } finally {
    await database.close();
  }
}

/** A proof of no page at all would hold for any run that failed at its start. */
function nothingCommittedText({ run, status, lastError }: Run): string {
  const why = lastError === null ? '' : ` (${lastError})`;
  return `Run ${run} is ${status}${why} and has committed no page: there is nothing to verify.`;
}

function nothingToVerify(context: CommandContext, message: string, run: Run | null = null): number {
  const exitCode = EXIT.failed;
  context.say(message);
  context.json({
    ok: false,
    status: run?.status ?? 'none',
    exitCode,
    run: run?.run ?? null,
    message,
  });
  return exitCode;
}
