/** `datasync submit URL`: verifies, exports, shows, asks, hands the ids in, keeps the answer. */
import { Command } from 'commander';
import { formatBytes, formatCount } from '../observe/eta.js';
import { IDS_FILE } from '../session/export/open-output.js';
import { type FoundRun, LedgerReader } from '../session/ledger-reader.js';
import { runOriginOf } from '../session/open-source.js';
import {
  type HandInEnd,
  type HandInSettings,
  handIn,
  type SubmissionPlan,
} from '../session/submission/hand-in.js';
import { UserError } from '../session/user-error.js';
import { codecOf } from '../source/registry.js';
import type { Submission } from '../source/submission-form.js';
import { askOnTerminal } from './confirm.js';
import { type CommandContext, commandContext } from './context.js';
import { EXIT } from './exit-codes.js';

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
      if (!flags.yes && !flags.dryRun && (flags.json || !process.stdin.isTTY)) {
        throw new UserError(
          'There is no terminal to ask on: --yes submits without asking.',
          'usage',
        );
      }
      const context = await commandContext({ ...flags, logLevel: 'warn' });
      const { source, target } = context.config;
      const form = (await codecOf(target.plan)?.submissions()) ?? null;
      if (form === null) {
        throw new UserError(
          `The API of the source ${source} takes no submissions: a codec knows of them, and its file names none that does.`,
          'usage',
        );
      }
      if (!form.isRepositoryUrl(url)) {
        throw new UserError(
          `${url} is no repository: it takes https://github.com/OWNER/NAME`,
          'usage',
        );
      }
      // Ids of another source would be worthless: no run but that of the configured one will do.
      const config = { ...context.config, isTargetChosen: true };
      process.exitCode = await LedgerReader.during({ ...context, config }, async (ledger) =>
        submit(context, await ledger.require(undefined), { form, githubRepoUrl: url }, flags),
      );
    });
}

/** @returns the exit code @throws UserError, IngestionError */
async function submit(
  context: CommandContext,
  found: FoundRun,
  sent: Pick<HandInSettings, 'form' | 'githubRepoUrl'>,
  flags: SubmitFlags,
): Promise<number> {
  const end = await handIn(context, found, {
    ...{ ...sent, output: flags.output, say: context.say },
    isDryRun: flags.dryRun === true,
    permitsAgain: flags.again === true,
    refusesTwin: flags.yes === true && flags.again !== true,
    onProved: (rows) =>
      context.say(`Run ${found.run.run}: the proof holds, ${formatCount(rows)} rows.`),
    showPlan: (plan) => context.say(planText(context, plan, sent.githubRepoUrl, flags.output)),
    ask: async (question) => (flags.yes ? 'yes' : askOnTerminal(question)),
    onSending: warnOnSignal,
    onAnswered: ({ answer }) => context.say(submittedText(answer)),
    leave: () => process.exit(EXIT.interrupted),
  });
  if (end.type === 'submitted') return tell(context, end);
  context.json({ status: 'dry-run', ...end.exported, remaining: end.before.remaining });
  return EXIT.complete;
}

/** @returns the exit code */
function tell(
  context: CommandContext,
  { record, file, complaints }: Extract<HandInEnd, { type: 'submitted' }>,
): number {
  for (const complaint of complaints) {
    process.stderr.write(`Warning: the answer could not be kept everywhere: ${complaint}\n`);
  }
  if (file !== null) context.say(`  kept in   ${file}`);
  const { eventCount } = record.answer;
  const isWhole = eventCount === null || eventCount === record.ids.count;
  context.json({ status: isWhole ? 'submitted' : 'incomplete', file, ...record });
  if (isWhole) return EXIT.complete;
  process.stderr.write(
    `The API counted ${formatCount(eventCount)} of ${formatCount(record.ids.count)} ids.\n`,
  );
  return EXIT.failed;
}

function submittedText(submission: Submission): string {
  const { submissionNumber, eventCount, timeToSubmit, remainingSubmissions } = submission;
  const counted = eventCount === null ? '' : `, ${formatCount(eventCount)} ids counted`;
  return [
    `Submission ${submissionNumber ?? '?'} received${counted}`,
    ...(timeToSubmit === null ? [] : [`  time to complete  ${timeToSubmit}`]),
    ...(remainingSubmissions === null ? [] : [`  left      ${remainingSubmissions}`]),
  ].join('\n');
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

function planText(
  { config }: CommandContext,
  { exported, before }: SubmissionPlan,
  githubRepoUrl: string,
  output: string,
): string {
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
