/** An API over records that a test adds to: asked for what is new, or with the newest first. */
import { type ApiContract, type JsonRecord, json } from './apis/contract.js';
import { plainApi } from './apis/plain-api.js';
import { queryInteger } from './apis/requests.js';

export const PAGE = 5;
export const START_MS = Date.UTC(2026, 0, 1);

export interface Grown {
  /** In the order in which they were made. */
  all: JsonRecord[];
  /** Parameters of the requests, in order. */
  readonly asked: Record<string, string>[];
}

/** Each a minute after the one before. */
export function made(from: number, count: number, name = 'first'): JsonRecord[] {
  return Array.from({ length: count }, (_, index) => {
    const id = from + index;
    return { id, name, made: new Date(START_MS + id * 60_000).toISOString() };
  });
}

/** `since` and `until` leave out what was made before and behind them; by offset, in the order of `made`. */
export function filteredApi(grown: Grown): ApiContract<never> {
  return growing(grown, (request) => {
    const { searchParams } = request.url;
    const [since, until] = [searchParams.get('since'), searchParams.get('until')];
    const items = grown.all
      .filter(({ made: at }) => since === null || String(at) >= since)
      .filter(({ made: at }) => until === null || String(at) <= until)
      .sort((a, b) => (String(a.made) < String(b.made) ? -1 : 1));
    const offset = queryInteger(request, 'offset', 0);
    return json(200, { items: items.slice(offset, offset + PAGE), total: items.length });
  });
}

/** The newest first, behind a cursor that names the last record; nothing can be asked for but pages. */
export function newestFirstApi(grown: Grown): ApiContract<never> {
  return growing(grown, (request) => {
    const cursor = queryInteger(request, 'cursor', Number.MAX_SAFE_INTEGER);
    const items = grown.all
      .filter(({ id }) => Number(id) < cursor)
      .sort((a, b) => Number(b.id) - Number(a.id))
      .slice(0, PAGE);
    const last = items.at(-1)?.id ?? null;
    const next = last === null || last === grown.all[0]?.id ? null : String(last);
    return json(200, { items, next, total: grown.all.length });
  });
}

function growing(
  { asked }: Grown,
  answer: Parameters<typeof plainApi>[0]['answer'],
): ApiContract<never> {
  return plainApi<never>({
    ...{ options: { limit: null }, streams: {}, method: 'GET', path: '/items' },
    answer(request) {
      asked.push(Object.fromEntries(request.url.searchParams));
      return answer(request);
    },
  });
}
