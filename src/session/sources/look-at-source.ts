/** One look at a source for a command that stores nothing: opened, asked for a few pages, closed. */
import type { AccessToken } from '../access-token.js';
import type { SessionContext } from '../context.js';
import { type OpenSource, openSource } from '../open-source.js';
import { passingToken } from '../open-token.js';
import { withoutSecrets } from './shown-values.js';

export interface SourceLook {
  readonly source: OpenSource;
  /** Null: its credentials are part of every request. */
  readonly token: AccessToken | null;
  /** A text of the API without the secrets of the source. */
  clean(text: string): string;
}

/** Why a source may not be looked at. */
export const NEEDS_INGESTION = 'only an ingestion may use its refresh token, which may be replaced';

/**
 * @param context whose `config.stream` is looked at
 * @returns null where the source may not be looked at: `NEEDS_INGESTION`
 */
export async function lookAtSource<Seen>(
  context: SessionContext,
  work: (look: SourceLook) => Promise<Seen>,
): Promise<Seen | null> {
  const source = await openSource(context.config);
  try {
    if (source.oauth?.grant === 'refresh_token') return null;
    const secrets = new Set(context.config.target.secrets);
    const conceal = (secret: string): void => {
      context.conceal(secret);
      secrets.add(secret);
    };
    const token = passingToken({ conceal }, source);
    return await work({ source, token, clean: (text) => withoutSecrets(text, secrets) });
  } finally {
    source.close();
  }
}
