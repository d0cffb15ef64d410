/**
 * Asks a source for its first pages, one after the other, as an ingestion would ask, and stores nothing: for
 * who wants to see what the API answers. Outside of the limiter: so few requests that no limit minds.
 */
import type { Config } from '../../config/config.js';
import type { PageResult } from '../../protocol/fetch-messages.js';
import { FetchPool } from '../../runtime/fetch-pool.js';
import type { AccessToken } from '../access-token.js';
import { authorisedFetch } from '../authorised-fetch.js';
import { fetchSettings } from '../fetch-settings.js';
import type { OpenSource } from '../open-source.js';

export interface AskWish {
  /** Requests at most. */
  readonly pages: number;
  /** Records to ask for, where a request says so. */
  readonly limit: number;
  readonly token: AccessToken | null;
  /** Told of each answer. @returns whether to go on to the next page */
  readonly onPage: (result: PageResult) => boolean;
}

/** Ends at a fault, at the last page, or when nobody wants more. */
export async function askPages(source: OpenSource, config: Config, wish: AskWish): Promise<void> {
  const pool = new FetchPool({
    source: source.sourceSpec,
    settings: fetchSettings(source, { ...config, concurrency: 1, fetchThreads: 1 }),
    threads: 1,
    onHead: () => {},
  });
  const fetch = authorisedFetch((task) => pool.fetch(task), wish.token);
  try {
    let cursor: string | null = null;
    for (let page = 0; page < wish.pages; page++) {
      const kind = { isHeadOnly: false, isHeadUrgent: false, buffers: null };
      const result: PageResult = await fetch({ taskId: page, cursor, limit: wish.limit, ...kind });
      const goesOn = wish.onPage(result);
      if (!goesOn || result.type === 'fault' || result.head.nextCursor === null) return;
      cursor = result.head.nextCursor;
    }
  } finally {
    await pool.close();
  }
}
