/** Reads the children of a run, and whether each row of their parent has one. */
import type { ClientBase } from 'pg';
import { findMissing, READ_ALL, rowsOfStream, type SeedForm, seededFrom } from '../child-sql.js';
import { FIND_LATEST_RUN, TABLE_IS_THERE } from '../ledger-sql.js';
import type { Run } from '../ledger-types.js';
import type { LedgerChild, LedgerChildren, VerifiedRun } from './verify-types.js';

type Missing = Pick<LedgerChildren, 'missing' | 'example'>;

/** @returns null: the stream of the run stands by itself */
export async function readChildren(
  client: ClientBase,
  run: VerifiedRun,
  { settings, startedAtMs }: Pick<Run, 'settings' | 'startedAtMs'>,
): Promise<LedgerChildren | null> {
  const parent = (settings.parent ?? null) as SeedForm | null;
  if (parent === null) return null;
  const { rows: segments } = await client.query<LedgerChild>(READ_ALL, [run.run]);
  const known = { parent, settings, startedAtMs };
  return { segments, ...(await missingOf(client, run, known)) };
}

/** Of a list in the file the ledger has no rows. What a later run of the parent has changed is passed over. */
async function missingOf(
  client: ClientBase,
  { run, source, origin }: VerifiedRun,
  { parent, settings, startedAtMs }: Pick<Run, 'settings' | 'startedAtMs'> & { parent: SeedForm },
): Promise<Missing> {
  const none = { missing: 0, example: null };
  const key = [source, parent.resource, origin];
  const [ofParent] = (await client.query<Run>(FIND_LATEST_RUN, key)).rows;
  if (ofParent === undefined) return none;
  const [table] = (await client.query<{ isThere: boolean }>(TABLE_IS_THERE, [ofParent.tableName]))
    .rows;
  if (table?.isThere !== true) return none;
  const from = rowsOfStream(ofParent, {
    beforeMs: startedAtMs,
    behindRun: seededFrom(settings).behindRun,
  });
  const [missing] = (await client.query<Missing>(findMissing(from, parent), [run, ...from.values]))
    .rows;
  return missing ?? none;
}
