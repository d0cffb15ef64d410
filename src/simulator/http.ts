/** Plain HTTP work: headers that every answer has, error bodies, reading bodies, waiting. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Exchange, preciseNowMs, type Simulator } from './simulator.js';

export const JSON_TYPE = 'application/json; charset=utf-8';
export const NO_BYTES = Buffer.alloc(0);

/** An API error as its body says it. */
export interface ApiError {
  readonly status: number;
  readonly error: string;
  readonly message: string;
  readonly code: string;
}

export const NO_SUCH_ENDPOINT: ApiError = {
  status: 404,
  error: 'Not Found',
  message: 'The requested endpoint does not exist',
  code: 'ENDPOINT_NOT_FOUND',
};

export function invalidBody(message: string): ApiError {
  return { status: 400, error: 'Bad Request', message, code: 'INVALID_BODY' };
}

/** Headers of the API itself; what comes from the balancer before it lacks them. */
export function apiHeaders(simulator: Simulator, exchange: Exchange): Record<string, string> {
  const dateMs = exchange.serverNowMs + (preciseNowMs() - exchange.arrivedAtMs);
  return {
    Date: new Date(dateMs).toUTCString(),
    'X-Request-ID': exchange.requestId,
    ...exchange.limitHeaders,
    ...(simulator.settings.gzip ? { Vary: 'Accept-Encoding' } : {}),
  };
}

/** Sends a small answer at once and counts it. */
export function sendWhole(
  simulator: Simulator,
  exchange: Exchange,
  answer: {
    readonly status: number;
    readonly body: string;
    readonly contentType?: string;
    readonly headers?: Readonly<Record<string, string>>;
  },
): void {
  const body = Buffer.from(answer.body, 'utf8');
  simulator.stats.answered(exchange.endpoint, answer.status, body.length);
  exchange.response.writeHead(answer.status, {
    ...apiHeaders(simulator, exchange),
    ...answer.headers,
    'Content-Type': answer.contentType ?? JSON_TYPE,
    'Content-Length': body.length,
  });
  exchange.response.end(body);
}

export function sendError(simulator: Simulator, exchange: Exchange, problem: ApiError): void {
  const { status, ...body } = problem;
  sendWhole(simulator, exchange, { status, body: JSON.stringify(body) });
}

/** Waits, but not for a client that has gone. @returns whether the client is still there */
export function waitForClient(response: ServerResponse, delayMs: number): Promise<boolean> {
  if (response.destroyed || response.closed) return Promise.resolve(false);
  if (delayMs <= 0) return Promise.resolve(true);
  return new Promise((resolve) => {
    const settle = (isThere: boolean) => {
      clearTimeout(timer);
      response.off('close', onClose);
      resolve(isThere);
    };
    const onClose = () => settle(false);
    const timer = setTimeout(settle, delayMs, true);
    response.once('close', onClose);
  });
}

/** Waits until the client has taken what was written, or has gone. */
export function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      response.off('drain', settle);
      response.off('close', settle);
      resolve();
    };
    response.once('drain', settle);
    response.once('close', settle);
  });
}

/** The whole body as text; null when it is longer than `bytesMax`. */
export async function readText(request: IncomingMessage, bytesMax: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= bytesMax) chunks.push(chunk);
  }
  return bytes > bytesMax ? null : Buffer.concat(chunks).toString('utf8');
}

/** Null when the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
