/**
 * Fetches pages with the current access token. After a 401 a new token is fetched, and the scheduler asks for
 * the page again. When new tokens are refused as well, the fault is final.
 */
import { IngestionError } from '../core/fault.js';
import type { PageResult, PageTask } from '../protocol/fetch-messages.js';
import type { AccessToken } from './access-token.js';

/** New tokens that are refused in a row, until the credentials are taken to be wrong. */
const REFUSALS_MAX = 2;
const UNAUTHORISED = 401;

type Fetch = (task: PageTask) => Promise<PageResult>;

export function authorisedFetch(fetch: Fetch, token: AccessToken | null): Fetch {
  if (token === null) return fetch;
  let refusals = 0;
  return async (task) => {
    let bearer: string;
    try {
      bearer = await token.current();
    } catch (error) {
      if (!(error instanceof IngestionError)) throw error;
      const { fault } = error;
      return { type: 'fault', taskId: task.taskId, fault, meta: null, buffers: task.buffers };
    }
    const result = await fetch({ ...task, bearer });
    if (result.type === 'page') refusals = 0;
    if (result.type !== 'fault' || result.meta?.status !== UNAUTHORISED) return result;
    token.refused(bearer);
    if (++refusals > REFUSALS_MAX) return result;
    const message = `${result.fault.message}: a new access token is asked for`;
    return {
      ...result,
      fault: { code: 'HTTP_STATUS', message, retryable: true, status: UNAUTHORISED },
    };
  };
}
