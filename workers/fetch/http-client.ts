/** The HTTP client of one fetch worker: requests for pages over pools of kept connections. */
import { performance } from 'node:perf_hooks';
import type { Dispatcher } from 'undici';
import type { Fault } from '../../src/core/fault.js';
import type { FetchWorkerSettings, ResponseMeta } from '../../src/protocol/fetch-messages.js';
import { mergedHeaders, type PageRequest } from '../../src/protocol/page-request.js';
import { withoutQuery, withQuery } from '../../src/source/authentication.js';
import { pageStatuses } from '../../src/source/page-statuses.js';
import type { Refusal, Source } from '../../src/source/source.js';
import { BodyBuffer } from './body-buffer.js';
import { noAddress, openWays, strangeOrigin, type Ways } from './origins.js';
import { faultOfType } from './other-body.js';
import type { BodyRoom } from './receive-budget.js';
import { redirectOf } from './redirects.js';
import { type Asked, refusalFault, refusalOf } from './refusal.js';
import { type AnswerHeaders, isJsonType, mediaType } from './response-headers.js';
import { ERROR_BYTES_MAX, type Received, ResponseReceiver } from './response-receiver.js';

/** What a request ends with. `buffer` is the body's buffer to keep; null when there was none. */
export type Answer =
  | {
      readonly type: 'page';
      /** Who answered, after redirects, without the credentials: what a link of the page is relative to. */
      readonly url: string;
      readonly body: Buffer;
      readonly buffer: ArrayBuffer;
      readonly meta: ResponseMeta;
      readonly headers: AnswerHeaders;
      /** Of the body as it came, before it was decoded. @default not said */
      readonly wireBytes?: number;
    }
  /** 204, or another success without a byte: with some APIs a page without records. */
  | {
      readonly type: 'empty';
      readonly url: string;
      readonly buffer: ArrayBuffer | null;
      readonly meta: ResponseMeta;
      readonly headers: AnswerHeaders;
    }
  | {
      readonly type: 'fault';
      readonly fault: Fault;
      /** What was refused, where it was the API that refused it. */
      readonly refusal: Refusal | null;
      readonly buffer: ArrayBuffer | null;
      readonly meta: ResponseMeta | null;
      /** @default no answer came, or they do not matter */
      readonly headers?: AnswerHeaders;
    };

export interface HttpClient {
  /**
   * Asks for one page; never rejects. Credentials go only to the origins of the settings: an address
   * elsewhere, or a redirect to one, is a fault, and nothing is sent there.
   *
   * @param reused a buffer to fill; null when there is none
   * @param room what holds the body back while there is no room for it
   */
  send(request: PageRequest, reused: ArrayBuffer | null, room: BodyRoom): Promise<Answer>;
  close(): Promise<void>;
}

export async function createHttpClient(
  settings: FetchWorkerSettings,
  source: Source,
): Promise<HttpClient> {
  return httpClientOver(await openWays(settings), settings, source);
}

/** @param ways that the streams of one source share */
export function httpClientOver(
  ways: Ways,
  settings: FetchWorkerSettings,
  source: Source,
): HttpClient {
  const { headDeadlineMs, idleDeadlineMs, proxies, followsRedirects } = settings;
  const deadlines = { headersTimeout: headDeadlineMs, bodyTimeout: idleDeadlineMs };
  const secrets = Object.keys(settings.query);
  const encoding: Record<string, string> = settings.acceptsGzip
    ? { 'accept-encoding': 'gzip' }
    : {};

  const exchange = ({ request, way, body, room, redirects }: Exchange): Promise<Received> => {
    const { method, headers, body: sent } = request;
    const { origin, pathname, search } = new URL(withQuery(request.url, settings.query));
    const type: Record<string, string> =
      sent === null ? {} : { 'content-type': 'application/json' };
    const terms = {
      ...{ now: epochNowMs, headDeadlineMs, idleDeadlineMs },
      limitHeaders: settings.limitHeaders,
      pageStatuses: pageStatuses(source.codec),
      destination: { address: origin, isProxied: proxies !== null, setting: source.addressSetting },
    };
    return new Promise((resolve) => {
      const receiver = new ResponseReceiver({ body, room, redirects }, terms, resolve);
      const options = {
        ...{ origin, method, path: `${pathname}${search}`, body: sent },
        headers: mergedHeaders(type, settings.headers, encoding, headers),
        // A page is only read, so that a request for it may be written again, whatever its method.
        idempotent: true,
      };
      way.dispatch({ ...options, ...deadlines }, receiver);
    });
  };

  return {
    async send(first, reused, room) {
      const body = new BodyBuffer(reused, settings.bodyBytesMax);
      const fail = (fault: Fault, meta: ResponseMeta | null): Answer => {
        return { type: 'fault', fault, refusal: null, buffer: body.buffer, meta };
      };
      let request = first;
      let meta: ResponseMeta | null = null;
      for (let redirects = 0; ; redirects++) {
        if (!URL.canParse(request.url)) return fail(noAddress(), meta);
        const url = new URL(request.url);
        const way = ways.to(url.origin);
        if (way === null) return fail(strangeOrigin(url, meta?.status ?? null), meta);
        const received = await exchange({ request, way, body, room, redirects });
        const asked = { source, url: withoutQuery(request.url, secrets) };
        const isFollowed = followsRedirects && received.type === 'refused';
        const redirected = isFollowed
          ? redirectOf(request, { ...received, status: received.meta.status }, redirects)
          : null;
        if (redirected === null) return answer(received, body, asked);
        if (redirected.type === 'fault') return fail(redirected.fault, received.meta);
        request = redirected.request;
        meta = received.meta;
      }
    },
    close: () => ways.close(),
  };
}

interface Exchange {
  readonly request: PageRequest;
  readonly way: Dispatcher;
  readonly body: BodyBuffer;
  readonly room: BodyRoom;
  /** Followed for this page so far. */
  readonly redirects: number;
}

/** Epoch ms with fractions; monotonic within the process. */
function epochNowMs(): number {
  return performance.timeOrigin + performance.now();
}

function answer(received: Received, body: BodyBuffer, asked: Asked): Answer {
  const { meta } = received;
  const { buffer } = body;
  const { url } = asked;
  switch (received.type) {
    case 'whole': {
      const { headers, wireBytes } = received;
      if (buffer === null || body.byteCount === 0) {
        return { type: 'empty', url, buffer, meta: received.meta, headers };
      }
      if (!isJsonType(headers) && meta?.status !== 200) {
        const text = body.bytes.toString('utf8', 0, ERROR_BYTES_MAX);
        return refused(text, received, buffer, asked);
      }
      if (!isJsonType(headers)) {
        const fault = faultOfType(mediaType(headers), body.bytes, asked.source);
        return { type: 'fault', fault, refusal: null, buffer, meta, headers };
      }
      return {
        type: 'page',
        url,
        body: body.bytes,
        buffer,
        meta: received.meta,
        headers,
        wireBytes,
      };
    }
    case 'refused': {
      const { errorText, headers } = received;
      if (received.meta.status === 204) {
        return { type: 'empty', url, buffer, meta: received.meta, headers };
      }
      return refused(errorText, received, buffer, asked);
    }
    case 'failed':
      return { type: 'fault', fault: received.fault, refusal: null, buffer, meta };
  }
}

function refused(
  text: string,
  { meta, headers }: Extract<Received, { type: 'whole' | 'refused' }>,
  buffer: ArrayBuffer | null,
  asked: Asked,
): Answer {
  const refusal = refusalOf(meta, text, headers);
  const fault = refusalFault(meta, refusal, asked);
  return { type: 'fault', fault, refusal, buffer, meta, headers };
}
