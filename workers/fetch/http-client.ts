/** The HTTP client of one fetch worker: GET requests over a pool of kept connections. */
import { performance } from 'node:perf_hooks';
// The pool alone: the whole of undici (fetch, WebSocket, caches) costs each worker 13 MB.
import Pool from 'undici/lib/dispatcher/pool.js';
import type { Fault } from '../../src/core/fault.js';
import type { FetchWorkerSettings, ResponseMeta } from '../../src/protocol/fetch-messages.js';
import type { Source } from '../../src/source/source.js';
import { BodyBuffer } from './body-buffer.js';
import { faultOfType, malformed } from './other-body.js';
import { isJsonType, mediaType } from './response-headers.js';
import { type Received, ResponseReceiver } from './response-receiver.js';

/** What a GET ends with. `buffer` is the body's buffer to keep; null when there was none. */
export type Answer =
  | {
      readonly type: 'page';
      readonly body: Buffer;
      readonly buffer: ArrayBuffer;
      readonly meta: ResponseMeta;
    }
  | {
      readonly type: 'fault';
      readonly fault: Fault;
      readonly buffer: ArrayBuffer | null;
      readonly meta: ResponseMeta | null;
    };

export interface HttpClient {
  /**
   * Gets one page; never rejects. Redirects are not followed: the key goes to no other place.
   *
   * @param path path and query
   * @param reused a buffer to fill; null when there is none
   */
  get(path: string, reused: ArrayBuffer | null): Promise<Answer>;
  close(): Promise<void>;
}

export function createHttpClient(settings: FetchWorkerSettings, source: Source): HttpClient {
  const pool = new Pool(settings.origin, {
    connections: settings.connectionsMax,
    pipelining: 1,
    connect: { timeout: settings.headDeadlineMs },
    headersTimeout: settings.headDeadlineMs,
    bodyTimeout: settings.idleDeadlineMs,
  });
  const headers = settings.acceptsGzip
    ? { ...settings.headers, 'accept-encoding': 'gzip' }
    : { ...settings.headers };

  return {
    async get(path, reused) {
      const body = new BodyBuffer(reused, settings.bodyBytesMax);
      const received = await new Promise<Received>((resolve) => {
        const receiver = new ResponseReceiver(body, epochNowMs, resolve);
        pool.dispatch({ method: 'GET', path, headers }, receiver);
      });
      return answer(received, body, source);
    },
    close: () => pool.close(),
  };
}

/** Epoch ms with fractions; monotonic within the process. */
function epochNowMs(): number {
  return performance.timeOrigin + performance.now();
}

function answer(received: Received, body: BodyBuffer, source: Source): Answer {
  const { meta } = received;
  const { buffer } = body;
  switch (received.type) {
    case 'whole': {
      if (!isJsonType(received.headers)) {
        const fault = faultOfType(mediaType(received.headers), body.bytes, source);
        return { type: 'fault', fault, buffer, meta };
      }
      if (buffer === null) {
        return { type: 'fault', fault: malformed('HTTP 200 with an empty body'), buffer, meta };
      }
      return { type: 'page', body: body.bytes, buffer, meta: received.meta };
    }
    case 'refused':
      return { type: 'fault', fault: refusal(received, source), buffer, meta };
    case 'failed':
      return { type: 'fault', fault: received.fault, buffer, meta };
  }
}

function refusal(received: Received & { type: 'refused' }, source: Source): Fault {
  const { status, limits } = received.meta;
  const fault = source.readError(status, received.errorText);
  const waitMs = limits?.retryAfter?.spanMs ?? null;
  return waitMs === null ? fault : { ...fault, retryAfterMs: waitMs };
}
