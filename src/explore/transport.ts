/**
 * The way out to the API: the client of the fetch worker, with its deadlines, origins, redirects and faults,
 * so that what an exploration sees is what an ingestion would.
 */

import { createHttpClient, type Answer as Received } from '../../workers/fetch/http-client.js';
import { ENDLESS_ROOM } from '../../workers/fetch/receive-budget.js';
import type { FetchWorkerSettings } from '../protocol/fetch-messages.js';
import { mergedHeaders, type PageRequest } from '../protocol/page-request.js';
import { bearerHeader } from '../source/authentication.js';
import type { Source } from '../source/source.js';

export type { Answer as Received } from '../../workers/fetch/http-client.js';

/** A request, and the access token of OAuth 2 where one is needed. */
export type SentRequest = PageRequest & { readonly bearer?: string };

/** Never rejects. */
export type Send = (request: SentRequest) => Promise<Received>;

export interface Transport {
  readonly send: Send;
  close(): Promise<void>;
}

/** @param settings whose encoding is left to each request */
export async function openTransport(
  settings: FetchWorkerSettings,
  source: Source,
): Promise<Transport> {
  const client = await createHttpClient({ ...settings, acceptsGzip: false }, source);
  return {
    send({ bearer, ...request }) {
      const token = bearer === undefined ? {} : bearerHeader(bearer);
      const headers = mergedHeaders(request.headers, token);
      return client.send({ ...request, headers }, null, ENDLESS_ROOM);
    },
    close: () => client.close(),
  };
}

/** Epoch ms with fractions; monotonic within the process. */
export function epochNowMs(): number {
  return performance.timeOrigin + performance.now();
}
