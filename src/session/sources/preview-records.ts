/** The first records of a stream, as the API sends them. Needs no database, and stores nothing. */
import { IngestionError } from '../../core/fault.js';
import type { PageResult } from '../../protocol/fetch-messages.js';
import { recordTexts } from '../../protocol/record-texts.js';
import type { SessionContext } from '../context.js';
import { openSource } from '../open-source.js';
import { passingToken } from '../open-token.js';
import { askPages } from '../setup/ask-pages.js';
import { UserError } from '../user-error.js';
import { withoutSecrets } from './shown-values.js';

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
  const { config } = context;
  const source = await openSource(config);
  const secrets = new Set(config.target.kind === 'file' ? config.target.secrets : []);
  if (config.target.kind === 'api') secrets.add(config.target.apiKey);
  const conceal = (secret: string): void => {
    context.conceal(secret);
    secrets.add(secret);
  };
  let left = wish.recordsMax;
  const onPage = (result: PageResult): boolean => {
    if (result.type === 'fault') throw new IngestionError(result.fault);
    const { batch } = result;
    if (batch === null) return true;
    const lines = recordTexts(batch, left);
    for (const line of lines) wish.onRecord(withoutSecrets(onOneLine(line), secrets));
    if (batch.rejects.count > 0) wish.onRejected(batch.rejects.count, batch.rejects.reasons);
    left -= lines.length;
    return left > 0;
  };
  try {
    if (source.oauth?.grant === 'refresh_token') {
      throw new UserError(
        `${source.spec.name} cannot be previewed: only an ingestion may use its refresh token, which may be replaced.`,
      );
    }
    const limit = Math.min(wish.recordsMax, config.pageLimit ?? source.spec.pageLimitMax);
    const pages = Math.ceil(wish.recordsMax / limit) + REQUESTS_SPARE;
    await askPages(source, config, {
      pages,
      limit,
      token: passingToken({ conceal }, source),
      onPage,
    });
  } finally {
    source.close();
  }
}

/** A record may be spread over several lines; in texts a line break is written as an escape. */
function onOneLine(json: string): string {
  return json.replaceAll(/\s*[\r\n]+\s*/g, ' ');
}
