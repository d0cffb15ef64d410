/**
 * Asks with the current access token. After a 401 a new token is fetched, and whoever asked may ask again.
 * When new tokens are refused as well, the fault is final.
 */
import { type Fault, IngestionError } from '../core/fault.js';
import type { PageResult, PageTask } from '../protocol/fetch-messages.js';
import type { AccessToken } from './access-token.js';

/** New tokens that are refused in a row, until the credentials are taken to be wrong. */
const REFUSALS_MAX = 2;
const UNAUTHORISED = 401;

/** What a request ends with, as far as a token matters. */
interface Outcome {
  readonly type: string;
  readonly fault?: Fault;
  readonly meta?: { readonly status: number } | null;
}

type Ask<Asked, Result> = (asked: Asked & { readonly bearer?: string }) => Promise<Result>;

/** @param failed what a request ends with for which there is no token */
export function authorised<Asked extends object, Result extends Outcome>(
  ask: Ask<Asked, Result>,
  token: Pick<AccessToken, 'current' | 'refused'> | null,
  failed: (asked: Asked, fault: Fault) => Result,
): Ask<Asked, Result> {
  if (token === null) return ask;
  let refusals = 0;
  return async (asked) => {
    let bearer: string;
    try {
      bearer = await token.current();
    } catch (error) {
      if (!(error instanceof IngestionError)) throw error;
      return failed(asked, error.fault);
    }
    const result = await ask({ ...asked, bearer });
    const { fault } = result;
    if (fault === undefined) {
      refusals = 0;
      return result;
    }
    if (result.meta?.status !== UNAUTHORISED) return result;
    token.refused(bearer);
    if (++refusals > REFUSALS_MAX) return result;
    const message = `${fault.message}: a new access token is asked for`;
    return {
      ...result,
      fault: { code: 'HTTP_STATUS', message, retryable: true, status: UNAUTHORISED },
    };
  };
}

/** Fetches pages with the current access token. */
export function authorisedFetch(
  fetch: (task: PageTask) => Promise<PageResult>,
  token: AccessToken | null,
): (task: PageTask) => Promise<PageResult> {
  return authorised<PageTask, PageResult>(fetch, token, ({ taskId, buffers }, fault) => ({
    ...{ type: 'fault', taskId, fault, meta: null, buffers },
  }));
}
