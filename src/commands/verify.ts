/** `datasync verify`: proves the table against the ledger. */
import { Command } from 'commander';
import type { Run } from '../database/ledger-types.js';
import type { ReleasedPages } from '../database/release-pages.js';
import { repairHint, verificationText } from '../database/verify/verification-text.js';
import type { Verification } from '../database/verify/verify-types.js';
import { formatCount } from '../observe/eta.js';
import { statusAfter } from '../observe/run-end.js';
import { commandText } from '../session/command-text.js';
import { type FoundRun, LedgerReader } from '../session/ledger-reader.js';
import type { Repair, RepairEnd } from '../session/verification/repair-found.js';
import { verifyFound } from '../session/verification/verify-found.js';
import { type CommandContext, commandContext } from './context.js';
import {
  exitCodeOf,
  joinedResult,
  type StreamResult,
  sayStream,
  streamContexts,
} from './each-stream.js';
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
      const results: StreamResult[] = [];
      await LedgerReader.during(context, async (ledger) => {
        for (const each of streamContexts(context, flags.run)) {
          sayStream(each);
          results.push(await run(each, ledger, flags));
        }
      });
      context.json(joinedResult(results));
      process.exitCode = exitCodeOf(results);
    });
}

interface VerifyFlags {
  readonly run?: number;
  readonly data?: true;
  readonly repair?: true;
}

async function run(
  context: CommandContext,
  ledger: LedgerReader,
  flags: VerifyFlags,
): Promise<StreamResult> {
  const found = await ledger.find(flags.run, context.config.stream);
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
  return { ...verification, ...told, ...repaired(flags, repair), ...(remedy && { remedy }) };
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

/** The run is open: `ingest` goes on with it. */
function unfinished(
  context: CommandContext,
  { run, differences }: Verification,
  repair: Repair,
): StreamResult {
  const { outcome, result } = repair.ingestion;
  const exitCode = exitCodeForOutcome(outcome);
  const status = statusAfter(outcome.status);
  const why = result.reason === null ? '' : ` (${result.reason})`;
  const message = `Run ${run} is ${status}${why} before all was fetched again: ${commandText(context.config.source, 'ingest')} goes on with it`;
  context.say(`${message}.`);
  const told = { ok: false, status, exitCode, run, message, differences };
  return { ...told, ...repaired({ repair: true }, repair) };
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

function nothingToVerify(
  context: CommandContext,
  message: string,
  run: Run | null = null,
): StreamResult {
  context.say(message);
  const status = run?.status ?? 'none';
  return { ok: false, status, exitCode: EXIT.failed, run: run?.run ?? null, message };
}
