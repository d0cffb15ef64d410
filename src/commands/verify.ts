/** `datasync verify`: proves the table against the ledger. */
import { Command } from 'commander';
import type { Run } from '../database/ledger-types.js';
import { verificationText } from '../database/verify/verification-text.js';
import { LedgerReader } from '../session/ledger-reader.js';
import { verifyFound } from '../session/reports/verify-session.js';
import { type CommandContext, commandContext } from './context.js';
import { EXIT } from './exit-codes.js';
import { wholeNumber } from './whole-number.js';

export function verifyCommand(): Command {
  return new Command('verify')
    .description('prove the table against the ledger; exit 1 with the differences')
    .option('--run <n>', 'this run; default: the latest of the configured source', wholeNumber)
    .option('--data', 'prove the data of rows too, where it was ingested with PROVE_DATA=yes')
    .option('--simulate', 'the run over the bundled simulator')
    .option('--json', 'print the result as one JSON line')
    .addHelpText('after', '\nExample:\n  datasync verify --json')
    .action(async (flags: Record<string, unknown>) => {
      const context = await commandContext({ ...flags, logLevel: 'warn', readsOnly: true });
      process.exitCode = await LedgerReader.during(context, (ledger) =>
        verify(context, ledger, flags as VerifyFlags),
      );
    });
}

interface VerifyFlags {
  readonly run?: number;
  readonly data?: true;
}

/** @returns the exit code */
async function verify(
  context: CommandContext,
  ledger: LedgerReader,
  { run: chosen, data }: VerifyFlags,
): Promise<number> {
  const found = await ledger.find(chosen);
  if (found.type === 'none') return nothingToVerify(context, found.text);
  const verification = await verifyFound(context, found, data === true);
  if (verification === null)
    return nothingToVerify(context, nothingCommittedText(found.run), found.run);
  const text = verificationText(verification);
  const exitCode = verification.ok ? EXIT.complete : EXIT.failed;
  context.say(text);
  context.json({ ...verification, exitCode, message: text.split('\n')[0] });
  return exitCode;
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
