/** The HTTP client of one fetch worker: GET requests over a pool of kept connections. */
import { performance } from 'node:perf_hooks';
import type { Dispatcher } from 'undici';
// The pool alone: the whole of undici (fetch, WebSocket, caches) costs each worker 13 MB.
import Pool from 'undici/lib/dispatcher/pool.js';
import type { Fault, FaultCode } from '../../src/core/fault.js';
import type { FetchWorkerSettings, ResponseMeta } from '../../src/protocol/fetch-messages.js';
import { isLimitedBy } from '../../src/source/http-fault.js';
import type { Source } from '../../src/source/source.js';
import { BodyBuffer } from './body-buffer.js';
import { faultOfType, malformed } from './other-body.js';
import type { BodyRoom } from './receive-budget.js';
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
   * @param room what holds the body back while there is no room for it
   */
  get(path: string, reused: ArrayBuffer | null, room: BodyRoom): Promise<Answer>;
  close(): Promise<void>;
}

export async function createHttpClient(
  settings: FetchWorkerSettings,
  source: Source,
): Promise<HttpClient> {
  const { origin, headDeadlineMs, idleDeadlineMs } = settings;
  const dispatcher = await openDispatcher(settings);
  const headers = settings.acceptsGzip
    ? { ...settings.headers, 'accept-encoding': 'gzip' }
    : { ...settings.headers };
  const terms = {
    now: epochNowMs,
    headDeadlineMs,
    idleDeadlineMs,
    destination: { address: origin, isProxied: settings.proxies !== null },
  };

  return {
    async get(path, reused, room) {
      const body = new BodyBuffer(reused, settings.bodyBytesMax);
      const received = await new Promise<Received>((resolve) => {
        const receiver = new ResponseReceiver({ body, room }, terms, resolve);
        const deadlines = { headersTimeout: headDeadlineMs, bodyTimeout: idleDeadlineMs };
        dispatcher.dispatch({ origin, method: 'GET', path, headers, ...deadlines }, receiver);
      });
      const address = `${origin}${path.split('?', 1)[0]}`;
      return answer(received, body, { source, address });
    },
    close: () => dispatcher.close(),
  };
}

async function openDispatcher(settings: FetchWorkerSettings): Promise<Dispatcher> {
  const { origin, connectionsMax, proxies, headDeadlineMs } = settings;
  const connect = { timeout: headDeadlineMs };
  const options = { connections: connectionsMax, pipelining: 1 };
  if (proxies === null) return new Pool(origin, { ...options, connect });
  const { EnvHttpProxyAgent } = await import('undici');
  const toProxy = { proxyTls: connect, requestTls: connect };
  // Proxies seldom let a tunnel lead to a port that is not one of TLS.
  return new EnvHttpProxyAgent({ ...options, ...proxies, ...toProxy, connect, proxyTunnel: false });
}

/** Faults for which the address may be at fault. */
const NAMES_ADDRESS = new Set<FaultCode>(['UNEXPECTED_STATUS', 'REDIRECT', 'CREDENTIALS']);

/** Epoch ms with fractions; monotonic within the process. */
function epochNowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** Who was asked. */
interface Asked {
  readonly source: Source;
  /** Without the query. */
  readonly address: string;
}

function answer(received: Received, body: BodyBuffer, asked: Asked): Answer {
  const { meta } = received;
  const { buffer } = body;
  switch (received.type) {
    case 'whole': {
      if (!isJsonType(received.headers)) {
        const fault = faultOfType(mediaType(received.headers), body.bytes, asked.source);
        return { type: 'fault', fault, buffer, meta };
      }
      if (buffer === null) {
        return { type: 'fault', fault: malformed('HTTP 200 with an empty body'), buffer, meta };
      }
      return { type: 'page', body: body.bytes, buffer, meta: received.meta };
    }
    case 'refused':
      return { type: 'fault', fault: refusal(received, asked), buffer, meta };
    case 'failed':
      return { type: 'fault', fault: received.fault, buffer, meta };
  }
}

function refusal(received: Received & { type: 'refused' }, { source, address }: Asked): Fault {
  const { status, limits } = received.meta;
  const isLimited = isLimitedBy(limits);
  const fault = source.readError({ status, body: received.errorText, isLimited });
  const message = NAMES_ADDRESS.has(fault.code) ? `${fault.message} (${address})` : fault.message;
  const waitMs = limits?.retryAfter?.spanMs ?? null;
  return { ...fault, message, ...(waitMs !== null && { retryAfterMs: waitMs }) };
}
