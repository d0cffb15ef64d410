/** `datasync submit URL`: verifies, exports, shows, asks, hands the ids in, keeps the answer. */
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import { listOtherWriters } from '../database/export/table-writers.js';
import type { Run } from '../database/ledger-types.js';
import { openRunStore, type RunStore } from '../database/run-store.js';
import { verificationText } from '../database/verify/verification-text.js';
import { formatBytes, formatCount } from '../observe/eta.js';
import { openOutputFile } from '../session/export/open-output.js';
import { type Exported, writeRows } from '../session/export/write-ids.js';
import { findRun, noLedgerText, noRunText, notCompleteText } from '../session/find-run.js';
import { type OpenDatabase, openLedger } from '../session/open-database.js';
import { openTarget, runOriginOf } from '../session/open-source.js';
import { proveRun } from '../session/prove-run.js';
import { reportedSubmission } from '../session/reports/reported-submission.js';
import { SubmitClient } from '../session/submission/submit-client.js';
import { concludeSubmission } from '../session/submission/submit-conclude.js';
import { findTwin, type Sent } from '../session/submission/submit-decide.js';
import { submitIds } from '../session/submission/submit-ids.js';
import { sendingShown } from '../session/submission/submit-progress.js';
import { sourceNamed } from '../source/registry.js';
import { isRepositoryUrl, type SubmissionList } from '../source/submissions.js';
import { type CommandContext, CommandFailure, commandContext, UsageError } from './context.js';
import { EXIT } from './exit-codes.js';
import { IDS_FILE } from './export-ids.js';

const ATTEMPTS_MAX = 3;

interface SubmitFlags {
  readonly yes?: true;
  readonly again?: true;
  readonly dryRun?: true;
  readonly output: string;
  readonly json?: true;
}

export function submitCommand(): Command {
  return new Command('submit')
    .description('hand the ids of the finished run in; the API takes five submissions a key')
    .argument('<url>', 'of the repository: https://github.com/OWNER/NAME')
    .option('--yes', 'do not ask before a submission is spent')
    .option('--again', 'also when this run, or as many ids with --yes, was submitted before')
    .option('--output <file>', 'where the ids that are sent are kept', IDS_FILE)
    .option('--dry-run', 'verify, export and show, and submit nothing')
    .option('--simulate', 'submit to the bundled simulator, which counts for nothing')
    .option('--json', 'print the result as one JSON line')
    .addHelpText(
      'after',
      `
The answer is kept in submission-<number>.json beside the ids, in the record of
the run and in its report.

Example:
  datasync submit https://github.com/you/datasync-ingestion`,
    )
    .action(async (url: string, flags: SubmitFlags) => {
      if (!isRepositoryUrl(url)) {
        throw new UsageError(`${url} is no repository: it takes https://github.com/OWNER/NAME`);
      }
      if (!flags.yes && !flags.dryRun && (flags.json || !process.stdin.isTTY)) {
        throw new UsageError('There is no terminal to ask on: --yes submits without asking.');
      }
      const context = await commandContext({ ...flags, logLevel: 'warn' });
      const database = await openLedger(context);
      if (database === null) throw new CommandFailure(noLedgerText(context.config));
      try {
        process.exitCode = await submit(context, database, url, flags);
      } finally {
        await database.close();
      }
    });
}

/** @returns the exit code @throws CommandFailure, IngestionError */
async function submit(
  context: CommandContext,
  database: OpenDatabase,
  githubRepoUrl: string,
  flags: SubmitFlags,
): Promise<number> {
  const { config, say } = context;
  const store = openRunStore(database.pool);
  const run = await findSubmittable(context, database, flags);
  await verifyFirst(context, database, run);
  const target = await openTarget(config);
  const client = new SubmitClient(target, sourceNamed(config.source));
  try {
    const before = await client.list();
    const exported = await exportIds(context, database, store, run, flags);
    say(planText(context, { exported, before, githubRepoUrl, output: flags.output }));
    if (before.remaining === 0) {
      throw new CommandFailure('No submission of this key is left. Nothing was sent.');
    }
    if (flags.dryRun) {
      context.json({ status: 'dry-run', ...exported, remaining: before.remaining });
      return EXIT.complete;
    }
    const sent = { githubRepoUrl, idCount: exported.rows };
    if (flags.yes && !flags.again) refuseTwin(before, sent);
    const wish = await ask(flags, `Spend one of the ${before.remaining} submissions?`);
    if (wish !== 'yes') throw new CommandFailure('Nothing was sent.', exitCodeOfNo(wish));
    const sentAt = new Date().toISOString();
    warnOnSignal();
    let again: Wish = 'no';
    const outcome = await submitIds({
      client: sendingShown(client, context.isJson),
      file: { path: resolve(flags.output), bytes: exported.bytes },
      ...{ sent, before, say },
      pause: (forMs) => delay(forMs),
      wantsAnother: async (attempt) => {
        if (attempt >= ATTEMPTS_MAX) return false;
        again = await ask(flags, 'Send it once more?');
        return again === 'yes';
      },
    });
    return await concludeSubmission(context, store, outcome, {
      run,
      output: flags.output,
      exitCodeOfNo: exitCodeOfNo(again),
      record: {
        ...{ run: run.run, api: runOriginOf(config.target), githubRepoUrl, sentAt },
        ids: { count: exported.rows, bytes: exported.bytes, sha256: exported.sha256 },
      },
    });
  } finally {
    await client.close();
    target.close();
  }
}

/** @throws CommandFailure when there is no finished run, or it was submitted before */
async function findSubmittable(
  { config }: CommandContext,
  { pool }: OpenDatabase,
  flags: SubmitFlags,
): Promise<Run> {
  // Ids of another source would be worthless: no run but that of the configured one will do.
  const run = await findRun(openRunStore(pool), { ...config, isTargetChosen: true }, undefined);
  if (run === null)
    throw new CommandFailure(noRunText({ ...config, isTargetChosen: true }, undefined));
  if (run.status !== 'complete') {
    throw new CommandFailure(`${await notCompleteText(pool, run)}.`, EXIT.paused);
  }
  const earlier = reportedSubmission(run.submission);
  if (earlier !== null && !flags.again && !flags.dryRun) {
    throw new CommandFailure(
      `Run ${run.run} was submitted already, as number ${earlier.submissionNumber ?? '?'}; ` +
        '--again spends another submission on it.',
    );
  }
  return run;
}

async function verifyFirst(
  context: CommandContext,
  { pool }: OpenDatabase,
  run: Run,
): Promise<void> {
  const proof = await proveRun(pool, run.run, context.isJson);
  if (proof === null) throw new CommandFailure(`The ledger has no run ${run.run}.`);
  const others = proof.tableRows - proof.rows;
  if (!proof.ok) {
    throw new CommandFailure(`${verificationText(proof)}\nNothing was sent.`);
  }
  if (others > 0) {
    const writers = await listOtherWriters(pool, run);
    const whose = writers.length === 0 ? 'no run' : writers.map(({ origin }) => origin).join(', ');
    throw new CommandFailure(
      `The table holds ${formatCount(others)} rows that are not of run ${run.run}, but of ${whose}. ` +
        'A row does not say whose it is, so that none can be left out. Nothing was sent: ingest ' +
        'into a database of its own, and submit from there.',
    );
  }
  context.say(`Run ${run.run}: the proof holds, ${formatCount(proof.rows)} rows.`);
}

async function exportIds(
  context: CommandContext,
  { pool }: OpenDatabase,
  store: RunStore,
  run: Run,
  { output }: SubmitFlags,
): Promise<Exported> {
  const { covered } = await store.loadTotals(run.run);
  const sink = await openOutputFile(output, { isGzip: false });
  return writeRows(pool, {
    ...{ sink, output, format: 'ids', order: 'id', expected: covered, isQuiet: context.isJson },
    check: (rows) => {
      if (rows === covered) return;
      throw new CommandFailure('The table has changed since it was verified. Nothing was sent.');
    },
  });
}

/** A person sees the list before the question. Where nobody looks, what is there already is not sent. */
function refuseTwin(before: SubmissionList, sent: Sent): void {
  const twin = findTwin(before, sent);
  if (twin === null) return;
  throw new CommandFailure(
    `The API has counted ${formatCount(sent.idCount)} ids for ${sent.githubRepoUrl} already, as number ` +
      `${twin.submissionNumber ?? '?'}. Nothing was sent; --again spends another submission on them.`,
  );
}

/** From here on a submission may be under way, and whoever breaks it off must know. */
function warnOnSignal(): void {
  const onSignal = (): void => {
    process.stderr.write('Broken off: it may have counted; --dry-run shows what the API has.\n');
    process.exit(EXIT.interrupted);
  };
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
}

interface Plan {
  readonly exported: Exported;
  readonly before: SubmissionList;
  readonly githubRepoUrl: string;
  readonly output: string;
}

function planText({ config }: CommandContext, plan: Plan): string {
  const { exported, before, githubRepoUrl, output } = plan;
  const to =
    config.target.kind === 'api'
      ? runOriginOf(config.target)
      : 'the bundled simulator, which counts for nothing';
  const earlier = before.submissions.map(
    ({ submissionNumber, eventCount, submittedAt }) =>
      `            number ${submissionNumber ?? '?'}: ${formatCount(eventCount ?? 0)} ids, ${submittedAt ?? ''}`,
  );
  return [
    `To submit: ${formatCount(exported.rows)} ids, ${formatBytes(exported.bytes)}, from ${output}`,
    `  sha256    ${exported.sha256}`,
    `  to        ${to}`,
    `  for       ${githubRepoUrl}`,
    `  left      ${before.remaining} of ${before.remaining + before.submissions.length} submissions`,
    ...earlier,
  ].join('\n');
}

type Wish = 'yes' | 'no' | 'interrupted';

function exitCodeOfNo(wish: Wish): number {
  return wish === 'interrupted' ? EXIT.interrupted : EXIT.failed;
}

async function ask(flags: SubmitFlags, question: string): Promise<Wish> {
  if (flags.yes) return 'yes';
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // The end of input is a no. On a terminal Ctrl-C is a key that only the interface sees.
  const ended = new Promise<Wish>((answer) => {
    lines.once('SIGINT', () => answer('interrupted'));
    lines.once('close', () => answer('no'));
  });
  const answered = lines
    .question(`${question} [y/N] `)
    .then((answer): Wish => (/^y(?:es)?$/i.test(answer.trim()) ? 'yes' : 'no'));
  try {
    return await Promise.race([answered, ended]);
  } finally {
    lines.close();
  }
}
