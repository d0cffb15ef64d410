/** Whether the records of a session are what those of earlier runs were. */
import { IngestionError } from '../core/fault.js';
import type { RunOutcome } from '../core/scheduler-types.js';
import { keepFields, loadFields } from '../database/stream-fields.js';
import { fieldChangesText } from '../observe/field-change-words.js';
import type { RecordFacts } from '../protocol/record-facts.js';
import { type FieldsSeen, seeFields } from '../source/shape/known-fields.js';
import type { SessionParts } from './session-parts.js';

/** Of a stream whose records change their names all the time, more would be read by nobody. */
const CHANGES_MAX = 100;

type Parts = Pick<SessionParts, 'context' | 'database' | 'patience' | 'prepared' | 'source'>;

export interface SeenRecords extends FieldsSeen {
  /** Of `changes`; null: there are none. */
  readonly warning: string | null;
}

/**
 * @param facts of the session
 * @returns null when no record was looked at, or the database that is asked is the reason of the end
 * @throws IngestionError, unless the run has failed anyway
 */
export async function seeRecords(
  parts: Parts,
  facts: RecordFacts,
  outcome: RunOutcome,
): Promise<SeenRecords | null> {
  if (facts.fields.length === 0) return null;
  const { context, database, patience, prepared, source } = parts;
  try {
    const known = await patience.during(() => loadFields(database.pool, source.streamKey));
    const seen = seeFields(known, facts, prepared.run.run);
    const warning = fieldChangesText(seen.changes);
    return { ...seen, warning: warning === null ? null : context.redact(warning) };
  } catch (error) {
    if (outcome.status !== 'failed' || !(error instanceof IngestionError)) throw error;
    return null;
  }
}

/** @throws IngestionError */
export async function keepRecords(parts: Parts, { known, changes }: SeenRecords): Promise<void> {
  const { context, database, patience, prepared, source } = parts;
  const { run } = prepared.run;
  const told = changes.slice(0, CHANGES_MAX);
  const noted = { run, known, changes: told };
  await patience.during(() => keepFields(database.pool, source.streamKey, noted));
  if (told.length === 0) return;
  context.log.info(
    { event: 'fields_changed', changes: told },
    `${changes.length} fields of the records are not as in earlier runs`,
  );
}
