/** An API whose pages come one by one, as a test permits it: so its run is where the test wants it. */
import type { ServerResponse } from 'node:http';
import { type ApiServer, serve } from './apis/serve.js';

const PAGE = 5;

export interface GatedApi extends ApiServer<never> {
  /** Records that it holds. */
  readonly recordCount: number;
  /** So many more pages are answered. */
  permit(pages: number): void;
  /** Resolves when a request waits for its answer. */
  untilAsked(): Promise<void>;
}

/** @param pages of 5 records each, one behind the cursor of the other */
export async function startGatedApi(pages: number): Promise<GatedApi> {
  let permitted = 0;
  const waiting: { readonly response: ServerResponse; readonly page: number }[] = [];
  const watchers: (() => void)[] = [];
  const answerNext = (): void => {
    while (permitted > 0) {
      const next = waiting.shift();
      if (next === undefined) return;
      permitted--;
      const { response, page } = next;
      const data = Array.from({ length: PAGE }, (_, nth) => ({ id: page * PAGE + nth }));
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ data, next: page + 1 < pages ? String(page + 1) : null }));
    }
  };
  const server = await serve(
    (request, response) => {
      const { searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1');
      const asked = { response, page: Number(searchParams.get('cursor') ?? 0) };
      waiting.push(asked);
      // Who has died asks in vain.
      response.once('close', () => {
        const place = waiting.indexOf(asked);
        if (place >= 0) waiting.splice(place, 1);
      });
      answerNext();
      if (waiting.includes(asked)) for (const tell of watchers.splice(0)) tell();
    },
    () => [],
  );
  return {
    ...server,
    recordCount: pages * PAGE,
    permit(more) {
      permitted += more;
      answerNext();
    },
    untilAsked: () =>
      waiting.length > 0 ? Promise.resolve() : new Promise((resolve) => watchers.push(resolve)),
  };
}
