/** An API whose answers a test writes: `GET /items?page=1`, and the next page in `next_page`. */
import {
  type ApiAnswer,
  type ApiContract,
  type ApiRequest,
  type JsonValue,
  json,
} from './contract.js';
import { plainApi, problem } from './plain-api.js';
import { queryInteger } from './requests.js';

/** An answer; or one for each time that the page is asked for, the last of them from then on. */
export type WrittenPage = ApiAnswer | readonly [ApiAnswer, ...ApiAnswer[]];

/** A page may lead on with `next_page` in its body, as `page` makes it. */
export function writtenPages(pages: readonly WrittenPage[]): ApiContract<never> {
  const asked = new Map<number, number>();
  return plainApi<never>({
    options: { limit: null },
    streams: {},
    method: 'GET',
    path: '/items',
    answer(request: ApiRequest): ApiAnswer {
      const number = queryInteger(request, 'page', 1);
      const written = pages[number - 1];
      if (written === undefined) return problem(404, 'There is no such page.');
      const times = asked.get(number) ?? 0;
      asked.set(number, times + 1);
      if (!isList(written)) return written;
      return written[Math.min(times, written.length - 1)] ?? written[0];
    },
  });
}

function isList(page: WrittenPage): page is readonly [ApiAnswer, ...ApiAnswer[]] {
  return Array.isArray(page);
}

/** A page of records. @param next the number of the page behind it; null: it is the last */
export function page(records: JsonValue, next: number | null = null): ApiAnswer {
  return json(200, { items: records, next_page: next });
}

/** The same, its records as JSON text. */
export function pageOfText(records: string, next: number | null = null): ApiAnswer {
  return { ...json(200, null), body: `{"items":${records},"next_page":${next}}` };
}
