/** Hands the ids of a finished run in: proves, exports, shows, asks, sends, keeps the answer. */
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { IngestionError } from '../../core/fault.js';
import type { SubmissionForm, SubmissionList } from '../../source/submission-form.js';
import type { SessionContext } from '../context.js';
import type { Exported } from '../export/write-ids.js';
import type { FoundRun } from '../ledger-reader.js';
import { type OpenSource, openSource } from '../open-source.js';
import type { SubmissionRecord } from '../reports/reported-submission.js';
import { UserError, type UserErrorKind } from '../user-error.js';
import { type KeptSubmission, keepSubmission } from './keep-submission.js';
import {
  exportForSubmission,
  proveForSubmission,
  refuseTwin,
  requireSubmittable,
} from './prepare-submission.js';
import { SubmitClient } from './submit-client.js';
import { type SubmitOutcome, submitIds } from './submit-ids.js';
import { sendingShown } from './submit-progress.js';

const ATTEMPTS_MAX = 3;

/** A person's answer to a question. */
export type Wish = 'yes' | 'no' | 'interrupted';

export interface HandInSettings {
  /** How the API takes the ids. */
  readonly form: SubmissionForm;
  readonly githubRepoUrl: string;
  /** Where the ids that are sent are kept. */
  readonly output: string;
  readonly isDryRun: boolean;
  /** Also when the run was submitted before. */
  readonly permitsAgain: boolean;
  /** Nobody sees the list: as many ids as the API has counted already are not sent again. */
  readonly refusesTwin: boolean;
  /** Tells what is going on. */
  readonly say: (text: string) => void;
  readonly onProved: (rows: number) => void;
  readonly showPlan: (plan: SubmissionPlan) => void;
  readonly ask: (question: string) => Promise<Wish>;
  /** From here on a submission may be under way, and whoever breaks it off must know. */
  readonly onSending: () => void;
  /** It counts: told before anything is kept, for that may fail or be broken off. */
  readonly onAnswered: (record: SubmissionRecord) => void;
  /** Ends the process when a signal breaks the export off. */
  readonly leave: () => never;
}

/** What will be sent, before anybody is asked. */
export interface SubmissionPlan {
  readonly exported: Exported;
  readonly before: SubmissionList;
}

export type HandInEnd =
  | ({ readonly type: 'dryRun' } & SubmissionPlan)
  | ({ readonly type: 'submitted'; readonly record: SubmissionRecord } & KeptSubmission);

/** @throws UserError, IngestionError where nothing was submitted though it was to be, or nobody knows */
export async function handIn(
  context: SessionContext,
  found: FoundRun,
  settings: HandInSettings,
): Promise<HandInEnd> {
  await requireSubmittable(found, settings.permitsAgain || settings.isDryRun);
  const proved = await proveForSubmission(found);
  settings.onProved(proved);
  const source = await openSource(context.config);
  const client = new SubmitClient(source, settings.form);
  try {
    const before = await client.list();
    const { output, leave } = settings;
    const into = { output, leave, isQuiet: context.isJson };
    const exported = await exportForSubmission(found, proved, into);
    const plan = { exported, before };
    settings.showPlan(plan);
    if (before.remaining === 0) {
      throw new UserError('No submission of this key is left. Nothing was sent.');
    }
    if (settings.isDryRun) return { type: 'dryRun', ...plan };
    const record = await send(context, { client, source, found, plan, settings });
    settings.onAnswered(record);
    const kept = await keepSubmission(context, found.store, { run: found.run, output }, record);
    return { type: 'submitted', record, ...kept };
  } finally {
    await client.close();
    source.close();
  }
}

interface Sending {
  readonly client: SubmitClient;
  readonly source: OpenSource;
  readonly found: FoundRun;
  readonly plan: SubmissionPlan;
  readonly settings: HandInSettings;
}

async function send({ isJson }: SessionContext, sending: Sending): Promise<SubmissionRecord> {
  const { client, source, found, plan, settings } = sending;
  const { githubRepoUrl, say, ask } = settings;
  const { exported, before } = plan;
  const sent = { githubRepoUrl, idCount: exported.rows };
  if (settings.refusesTwin) refuseTwin(before, sent);
  const wish = await ask(`Spend one of the ${before.remaining} submissions?`);
  if (wish !== 'yes') throw new UserError('Nothing was sent.', kindOfNo(wish));
  const sentAt = new Date().toISOString();
  settings.onSending();
  let again: Wish = 'no';
  const outcome = await submitIds({
    client: sendingShown(client, isJson),
    file: { path: resolve(settings.output), bytes: exported.bytes },
    ...{ sent, before, say },
    pause: (forMs) => delay(forMs),
    wantsAnother: async (attempt) => {
      if (attempt >= ATTEMPTS_MAX) return false;
      again = await ask('Send it once more?');
      return again === 'yes';
    },
  });
  const { submission: answer, isFromList } = requireSubmitted(outcome, kindOfNo(again));
  return {
    ...{ run: found.run.run, api: source.runOrigin, githubRepoUrl, sentAt },
    ids: { count: exported.rows, bytes: exported.bytes, sha256: exported.sha256 },
    ...{ answer, isFromList },
  };
}

/** @param kindOfGivenUp why the person wants no other attempt @throws UserError, IngestionError */
function requireSubmitted(
  outcome: SubmitOutcome,
  kindOfGivenUp: UserErrorKind,
): Extract<SubmitOutcome, { type: 'submitted' }> {
  switch (outcome.type) {
    case 'submitted':
      return outcome;
    case 'refused':
      throw new IngestionError(outcome.fault);
    case 'givenUp':
      throw new UserError(`Nothing was submitted: ${outcome.reason}.`, kindOfGivenUp);
    case 'unknown':
      throw new UserError(
        `It is not known whether the submission counted: ${outcome.reason}. It was not sent again; ` +
          '--dry-run shows what the API has counted.',
      );
  }
}

/** A plain no and Ctrl-C differ in the exit code. */
function kindOfNo(wish: Wish): UserErrorKind {
  return wish === 'interrupted' ? 'interrupted' : 'failed';
}
