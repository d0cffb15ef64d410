/** `datasync verify`: proves the table against the ledger. */
import { Command } from 'commander';
import type { Run } from '../database/ledger-types.js';
import type { ReleasedPages } from '../database/release-pages.js';
import { repairHint, verificationText } from '../database/verify/verification-text.js';
import type { Verification } from '../database/verify/verify-types.js';
import { formatCount } from '../observe/eta.js';
import { statusAfter } from '../observe/run-end.js';
import { type FoundRun, LedgerReader } from '../session/ledger-reader.js';
import type { Repair, RepairEnd } from '../session/verification/repair-found.js';
import { verifyFound } from '../session/verification/verify-found.js';
import { type CommandContext, commandContext } from './context.js';
import { EXIT, exitCodeForOutcome } from './exit-codes.js';
import { leave } from './leave.js';
import { withSourceOptions } from './source-options.js';
import { wholeNumber } from './whole-number.js';

export function verifyCommand(): Command {
  return withSourceOptions(new Command('verify'))
    .description('prove the table against the ledger; exit 1 with the differences')
    .option('--run <n>', 'this run; default: the latest of the configured source', wholeNumber)
    .option('--data', 'prove the data of rows too, where it was ingested with PROVE_DATA=yes')
    .option('--repair', 'fetch the pages that differ again, and prove once more')
    .option('--simulate', 'the run over the bundled simulator')
    .option('--json', 'print the result as one JSON line')
    .addHelpText(
      'after',
      `
--repair deletes the rows of the pages that differ, and nothing else:
the API has to answer, and the run goes on where they were, to its end. It needs
the key, and no other process at work on the run.

Example:
  datasync verify --json`,
    )
    .action(async (flags: VerifyFlags & Record<string, unknown>) => {
      const readsOnly = flags.repair !== true;
      const context = await commandContext({ ...flags, logLevel: 'warn', readsOnly });
      process.exitCode = await LedgerReader.during(context, (ledger) =>
        run(context, ledger, flags),
      );
    });
}

interface VerifyFlags {
  readonly run?: number;
  readonly data?: true;
  readonly repair?: true;
}

/** @returns the exit code */
async function run(
  context: CommandContext,
  ledger: LedgerReader,
  flags: VerifyFlags,
): Promise<number> {
  const found = await ledger.find(flags.run);
  if (found.type === 'none') return nothingToVerify(context, found.text);
  const { verification, repair } = await verify(context, found, flags);
  if (verification === null) {
    return nothingToVerify(context, nothingCommittedText(found.run), found.run);
  }
  if (repair !== null && repair.ingestion.outcome.status !== 'complete') {
    return unfinished(context, verification, repair);
  }
  const text = verificationText(verification);
  const remedy = verification.ok || repair !== null ? null : repairHint(verification);
  const exitCode = verification.ok ? EXIT.complete : EXIT.failed;
  if (repair !== null) context.say(fetchedText(repair));
  context.say(remedy === null ? text : `${text}\n${remedy}`);
  const told = { exitCode, message: text.split('\n')[0] };
  context.json({ ...verification, ...told, ...repaired(flags, repair), ...(remedy && { remedy }) });
  return exitCode;
}

async function verify(
  context: CommandContext,
  found: FoundRun,
  { data, repair }: VerifyFlags,
): Promise<RepairEnd> {
  const withData = data === true;
  if (repair !== true) {
    return { verification: await verifyFound(context, found, withData), repair: null };
  }
  // It is an ingestion as well, of which a proof alone has no use.
  const { repairFound } = await import('../session/verification/repair-found.js');
  return repairFound(context, found, {
    ...{ withData, leave },
    onDifferences: (failed) => context.say(verificationText(failed)),
    onReleased: (released) => context.say(releasedText(released)),
  });
}

function releasedText({ pages, rows }: ReleasedPages): string {
  return `Released: ${counted(pages, 'page')} with ${counted(rows, 'row')}. What no page covers is fetched again.`;
}

function fetchedText({ ingestion: { result } }: Repair): string {
  return `Fetched again: ${counted(result.requests, 'request')}. The run has ${counted(result.eventsIngested, 'row')} by the ledger.`;
}

function counted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** The run is open: `ingest` goes on with it. @returns the exit code */
function unfinished(
  context: CommandContext,
  { run, differences }: Verification,
  repair: Repair,
): number {
  const { outcome, result } = repair.ingestion;
  const exitCode = exitCodeForOutcome(outcome);
  const status = statusAfter(outcome.status);
  const why = result.reason === null ? '' : ` (${result.reason})`;
  const message = `Run ${run} is ${status}${why} before all was fetched again: \`datasync ingest\` goes on with it`;
  context.say(`${message}.`);
  const told = { ok: false, status, exitCode, run, message, differences };
  context.json({ ...told, ...repaired({ repair: true }, repair) });
  return exitCode;
}

/** For --json: what was repaired; null: there was nothing that could be. */
function repaired({ repair: isWished }: VerifyFlags, repair: Repair | null): object {
  if (isWished !== true) return {};
  if (repair === null) return { repair: null };
  const { released, ingestion } = repair;
  return { repair: { released, ingestion: ingestion.result } };
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
