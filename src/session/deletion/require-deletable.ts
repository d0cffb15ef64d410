/** What `--delete-missing` needs, before anything is asked of an API. */
import type { Config } from '../../config/config.js';
import { seenTable } from '../../database/delete-missing.js';
import type { Run } from '../../database/ledger-types.js';
import type { RunStore } from '../../database/run-store.js';
import type { WriterTarget } from '../../protocol/record-target.js';
import { commandText } from '../command-text.js';
import { UserError } from '../user-error.js';
import { notesSeen } from './unseen-rows.js';

/** Of the source file. @throws UserError where a stream has no rows that can be known again, or does not merge */
export function requireMerge({ source, streams, target }: Config): void {
  const child = target.plan.streams.find(
    ({ name, parent }) => parent !== null && streams.includes(name),
  );
  // What was not asked for, as of a parent without the value, has not been missed.
  if (child !== undefined) {
    throw new UserError(
      `--delete-missing is for streams that stand by themselves, and ${source}.${child.name} is asked for by the records of another one: choose others with --resource.`,
      'usage',
    );
  }
  const unfit = target.plan.streams.find(
    ({ name, primaryKey, writeDisposition }) =>
      streams.includes(name) && (primaryKey.length === 0 || writeDisposition !== 'merge'),
  );
  if (unfit === undefined) return;
  const { name, primaryKey, writeDisposition } = unfit;
  const has = primaryKey.length === 0 ? 'no primary_key' : `write_disposition: ${writeDisposition}`;
  throw new UserError(
    `--delete-missing is for streams with a primary_key and write_disposition: merge, and ${source}.${name} has ${has}.`,
    'usage',
  );
}

/**
 * Of the run that is gone on with, or that has been complete before.
 *
 * @throws UserError when it has not noted what it has seen
 */
export function requireNoted({ deleteMissing, source }: Config, run: Run): void {
  if (!deleteMissing || run.settings.deleteMissing === true) return;
  throw new UserError(
    `Run ${run.run} was begun without --delete-missing, and has not noted which rows it has seen: ` +
      `${commandText(source, 'ingest --full --delete-missing')} begins one that does.`,
    'usage',
  );
}

/**
 * Whether only what a complete run has not seen is to be judged once more, and nothing asked of the API.
 *
 * @throws UserError when it has not noted what it has seen
 */
export function judgesAgain(config: Config, latest: Run): boolean {
  if (!config.deleteMissing || config.asked.type !== 'next' || latest.status !== 'complete') {
    return false;
  }
  requireNoted(config, latest);
  return true;
}

/** Of a new run. @throws UserError unless it reads all */
export function requireWhole({ deleteMissing, asked, source }: Config): void {
  if (!deleteMissing || asked.type === 'full') return;
  throw new UserError(
    `Only a run that reads all can tell which rows are missing: ${commandText(source, 'ingest --full --delete-missing')} begins one.`,
    'usage',
  );
}

/**
 * Of a run that is gone on with: what it has seen before, and a stream that still merges, for no other notes it.
 *
 * @throws UserError
 */
export async function requireSeen(
  store: RunStore,
  run: Run,
  { disposition }: WriterTarget,
): Promise<void> {
  if (!notesSeen(run)) return;
  if (disposition !== 'merge') {
    throw new UserError(
      `Run ${run.run} was begun with --delete-missing, and its source now says write_disposition: ${disposition}: --restart begins a new run.`,
      'usage',
    );
  }
  if (await store.hasTable(seenTable(run.run))) return;
  throw new UserError(
    `The table ${seenTable(run.run)}, in which run ${run.run} has noted the rows that it has seen, is not there any more: --restart begins a new run.`,
  );
}
