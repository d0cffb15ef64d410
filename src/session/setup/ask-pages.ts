/**
 * Asks a source for its first pages, one after the other, as an ingestion would ask, and stores nothing: for
 * who wants to see what the API answers. Outside of the limiter: so few requests that no limit minds.
 */
import type { Config } from '../../config/config.js';
import type { Fault } from '../../core/fault.js';
import type { PageResult } from '../../protocol/fetch-messages.js';
import { recordTexts } from '../../protocol/record-texts.js';
import { FetchPool } from '../../runtime/fetch-pool.js';
import type { ParentPlan } from '../../source/plan.js';
import type { AccessToken } from '../access-token.js';
import { authorisedFetch } from '../authorised-fetch.js';
import { fetchSettings } from '../fetch-settings.js';
import { type OpenSource, openSource } from '../open-source.js';
import { childOf, noChild } from './first-child.js';

export interface AskWish {
  /** Requests at most. */
  readonly pages: number;
  /** Records to ask for, where a request says so. */
  readonly limit: number;
  readonly token: AccessToken | null;
  /** Told of each answer. @returns whether to go on to the next page */
  readonly onPage: (result: PageResult) => boolean;
}

/** Pages of a parent that are looked through for a record to ask for a child with. */
const PARENT_PAGES = 3;

/** Ends at a fault, at the last page, or when nobody wants more. Of a child stream one child is asked for. */
export async function askPages(source: OpenSource, config: Config, wish: AskWish): Promise<void> {
  const { parent } = source.spec;
  if (parent === null) return askFrom(null, source, config, wish);
  const first =
    parent.values === null
      ? await firstOfParent(parent, config, wish)
      : childOf(parent, JSON.stringify(parent.values[0]));
  if (typeof first === 'string') return askFrom(first, source, config, wish);
  const fault = first ?? noChild(parent);
  wish.onPage({ type: 'fault', taskId: 0, fault, meta: null, buffers: null });
}

/** @returns null: none of its records will do; a fault: it cannot be asked */
async function firstOfParent(
  parent: ParentPlan,
  config: Config,
  { token }: AskWish,
): Promise<string | Fault | null> {
  const { resource: stream } = parent;
  const source = await openSource({ ...config, stream });
  let found: string | Fault | null = null;
  try {
    await askPages(source, config, {
      ...{ pages: PARENT_PAGES, limit: source.spec.pageLimitMax, token },
      onPage(result) {
        if (result.type === 'fault') found = result.fault;
        else if (result.batch !== null) {
          const texts = recordTexts(result.batch, result.batch.rowCount);
          found = texts.map((text) => childOf(parent, text)).find((one) => one !== null) ?? null;
        }
        return found === null;
      },
    });
  } finally {
    source.close();
  }
  return found;
}

async function askFrom(
  first: string | null,
  source: OpenSource,
  config: Config,
  wish: AskWish,
): Promise<void> {
  const pool = new FetchPool({
    source: source.sourceSpec,
    settings: fetchSettings(source, { ...config, concurrency: 1, fetchThreads: 1 }),
    threads: 1,
    onHead: () => {},
  });
  const fetch = authorisedFetch((task) => pool.fetch(task), wish.token);
  try {
    let cursor = first;
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
