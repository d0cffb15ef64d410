/**
 * The fixtures of well-known APIs keep their public contracts: paged by plain `fetch` as documented, each
 * gives exactly its records, refuses the request too many in its own way, and refuses a wrong key.
 */
import { describe, expect, test } from 'vitest';
import type { ApiOptions } from '../support/apis/contract.js';
import { DOCUMENTED_CURSORS } from '../support/apis/documented-cursors.js';
import { DOCUMENTED_LINKS } from '../support/apis/documented-links.js';
import { COUNT, type DocumentedPaging, QUOTA, SIZE } from '../support/apis/documented-paging.js';
import { type FetchedPage, fetchPage, readAll } from '../support/apis/page-by-fetch.js';
import { useApis } from '../support/apis/use-apis.js';

const apis = useApis();
const MINUTE = { quota: QUOTA, windowMs: 60_000 };

function started({ contract }: DocumentedPaging, options: ApiOptions<never>) {
  return apis.start(contract({ count: COUNT, ...options }));
}

describe.each(Object.entries({ ...DOCUMENTED_LINKS, ...DOCUMENTED_CURSORS }))(
  '%s',
  (_name, one) => {
    test('is paged to exactly its records', async () => {
      const server = await started(one, {});
      const { origin } = server;
      const all = await readAll(one.request(origin, 'fixture-key', null), one.records, (page) => {
        const at = one.next(page);
        return at === null ? null : one.request(origin, 'fixture-key', at);
      });
      expect(all).toHaveLength(COUNT);
      expect(all).toEqual(server.records(one.stream));
      expect(server.requests).toHaveLength(Math.ceil(COUNT / SIZE));
      expect(server.refused).toBe(0);
    });

    test('refuses the request over its quota, in its own way', async () => {
      const server = await started(one, { limit: MINUTE });
      const request = one.request(server.origin, 'fixture-key', null);
      const answers: FetchedPage[] = [];
      for (let asked = 0; asked <= QUOTA; asked++) answers.push(await fetchPage(request));
      const refusal = answers.at(-1);
      expect(answers.slice(0, QUOTA).map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(headersOf(answers[QUOTA - 1])).toMatchObject(one.announced);
      expect(refusal?.status).toBe(one.refusal.status);
      expect(headersOf(refusal)).toMatchObject(one.refusal.headers);
      expect(refusal?.body).toEqual(one.refusal.body);
      expect(server.refused).toBe(1);
      expect(server.requests.map(({ refusedBy }) => refusedBy === null)).toEqual([
        true,
        true,
        true,
        false,
      ]);
    });

    test('refuses a wrong key and does not count it', async () => {
      const server = await started(one, { limit: MINUTE });
      const wrong = await fetchPage(one.request(server.origin, 'wrong', null));
      expect(wrong.status).toBe(one.wrongKey.status);
      expect(wrong.body).toEqual(one.wrongKey.body);
      expect(server.requests).toMatchObject([{ isAuthorized: false, refusedBy: null }]);
    });
  },
);

function headersOf(page: FetchedPage | undefined): Record<string, string> {
  return Object.fromEntries(page?.headers ?? []);
}
