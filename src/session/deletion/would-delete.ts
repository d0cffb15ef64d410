/** What `--delete-missing` would delete now, of each stream: nothing is asked of an API, and no row changed. */
import { nowMs } from '../../runtime/clock.js';
import { sourceOf } from '../../source/registry.js';
import type { SessionContext } from '../context.js';
import { LedgerReader } from '../ledger-reader.js';
import { countUnseen, notesSeen, unseenText } from './unseen-rows.js';

export interface WouldDelete {
  readonly stream: string;
  /** Null: not known. */
  readonly rows: number | null;
  readonly text: string;
}

/** @throws IngestionError with the fault of the database */
export function wouldDelete(context: SessionContext): Promise<WouldDelete[]> {
  const { streams } = context.config;
  return LedgerReader.during(context, async (ledger) => {
    const told: WouldDelete[] = [];
    for (const stream of streams) told.push(await ofStream(context, ledger, stream));
    return told;
  });
}

async function ofStream(
  { config }: SessionContext,
  ledger: LedgerReader,
  stream: string,
): Promise<WouldDelete> {
  const found = await ledger.find(undefined, stream);
  const notKnown = (why: string): WouldDelete => ({
    stream,
    rows: null,
    text: `${stream}: ${why}`,
  });
  if (found.type === 'none' || !notesSeen(found.run) || found.run.status !== 'complete') {
    return notKnown(
      'which rows would be deleted is known once a run of --full --delete-missing is complete',
    );
  }
  const { plan, secrets } = config.target;
  const { target } = sourceOf({ plan, stream, nowMs: nowMs(), secrets });
  const counted = await countUnseen(found.database, found.run, target);
  if (counted.type === 'unknown') return notKnown(`nothing would be deleted: ${counted.reason}`);
  const text = `${stream}: ${unseenText(found.run, counted)}, would be deleted`;
  return { stream, rows: counted.rows, text };
}
