/** The first records of a stream, as the API sends them. Needs no database, and stores nothing. */
import { IngestionError } from '../../core/fault.js';
import type { PageResult } from '../../protocol/fetch-messages.js';
import { recordTexts } from '../../protocol/record-texts.js';
import type { SessionContext } from '../context.js';
import { askPages } from '../setup/ask-pages.js';
import { UserError } from '../user-error.js';
import { lookAtSource, NEEDS_INGESTION, type SourceLook } from './look-at-source.js';

/** Pages without records are passed over, up to this many requests for each page that would do. */
const REQUESTS_SPARE = 5;

export interface PreviewWish {
  readonly recordsMax: number;
  /** Told of each record as one line of JSON, without secrets. */
  readonly onRecord: (line: string) => void;
  /** Told of records that cannot be stored, of which none is shown. */
  readonly onRejected: (count: number, reasons: readonly string[]) => void;
}

/**
 * @param context whose `config.stream` is previewed
 * @throws IngestionError with the fault of the API; UserError where it may not be asked
 */
export async function previewRecords(context: SessionContext, wish: PreviewWish): Promise<void> {
  const previewed = await lookAtSource(context, async (look) => {
    await preview(context, look, wish);
    return true;
  });
  if (previewed === null) {
    throw new UserError(`${context.config.source} cannot be previewed: ${NEEDS_INGESTION}.`);
  }
}

async function preview(
  { config }: SessionContext,
  { source, token, clean }: SourceLook,
  wish: PreviewWish,
): Promise<void> {
  let left = wish.recordsMax;
  const onPage = (result: PageResult): boolean => {
    if (result.type === 'fault') throw new IngestionError(result.fault);
    const { batch } = result;
    if (batch === null) return true;
    const lines = recordTexts(batch, left);
    for (const line of lines) wish.onRecord(clean(onOneLine(line)));
    if (batch.rejects.count > 0) wish.onRejected(batch.rejects.count, batch.rejects.reasons);
    left -= lines.length;
    return left > 0;
  };
  const limit = Math.min(wish.recordsMax, config.pageLimit ?? source.spec.pageLimitMax);
  const pages = Math.ceil(wish.recordsMax / limit) + REQUESTS_SPARE;
  await askPages(source, config, { pages, limit, token, onPage });
}

/** A record may be spread over several lines; in texts a line break is written as an escape. */
function onOneLine(json: string): string {
  return json.replaceAll(/\s*[\r\n]+\s*/g, ' ');
}
