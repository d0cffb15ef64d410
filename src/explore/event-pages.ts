/** Pages of an event source, as they are explored: read from their JSON, whichever of its two shapes it has. */
import type { EventSource } from '../source/source.js';
import { notThisApi, parseJson, saidIn } from './answer.js';
import { isObject } from './census.js';
import { bodyOf } from './received.js';
import type { PageForm } from './stream-pages.js';

/** What the client says of a body that is no page; here it is said in more words. */
const OTHER_BODY: readonly string[] = ['NOT_A_PAGE', 'PAGE_MALFORMED'];

export function eventPages(source: EventSource, baseUrl: string): PageForm {
  const { recordsField, pageLimitMax, sizeParam } = source;
  return {
    firstLimit: null,
    request({ cursor, limit }) {
      const request = source.request(baseUrl, cursor, limit ?? pageLimitMax);
      if (limit !== null) return request;
      const url = new URL(request.url);
      url.searchParams.delete(sizeParam);
      return { ...request, url: url.href };
    },
    read(received, wish) {
      const { meta } = received;
      const isOther = meta?.status === 200 || meta?.status === 204;
      if (received.type === 'fault') {
        if (!isOther || !OTHER_BODY.includes(received.fault.code)) return received;
      }
      const body = bodyOf(received);
      const json = parseJson(body);
      const read = isObject(json) ? source.readEnvelope(json) : null;
      const records = isObject(json) ? json[recordsField] : null;
      if (!isObject(json) || read?.type !== 'envelope' || !Array.isArray(records)) {
        const path = new URL(this.request(wish).url).pathname;
        const said = saidIn(body, { path, status: meta?.status ?? 0 });
        const fault = notThisApi(source, said, `a page of ${source.stream}`);
        return { type: 'fault', fault: { ...fault, retryable: true } };
      }
      const shape = isObject(json.pagination)
        ? { name: 'nested', detail: `${recordsField}, pagination, meta` }
        : { name: 'flat', detail: `${recordsField}, hasMore, nextCursor` };
      const texts = records.map((record) => JSON.stringify(record));
      const limits = meta?.limits ?? null;
      return { type: 'seen', limits, seen: { shape, envelope: read.envelope, texts } };
    },
  };
}
